/* What tests ask of the emulation, for programs whose device is not theirs to order: nothing. A test of several orders then sees
 * that runs repeat to the bit; one of late streams, that the device's own are waited for. */
#include "../../emulation/launch.h"
#include "../../emulation/streams.h"

namespace ctn::emulation {

void set_order(Order, unsigned) {}

void set_pace(Pace) {}

}  // namespace ctn::emulation
