/* Rate of copies within device memory, bytes read and bytes written both counted. Arguments: sizes of copies in MB. */
#include "timing.h"

#include <cstdio>
#include <cstdlib>

int main(int argc, char **argv)
{
    using namespace gpu_check;
    void *const stream = create_stream();
    for (int i = 1; i < argc; i++) {
        const auto bytes = (size_t)(std::atof(argv[i]) * 1e6);
        const DeviceMemory from(bytes);
        const DeviceMemory to(bytes);
        copy_on_device(from.at(), to.at(), bytes, stream);
        Graph graph(stream, [&] { copy_on_device(to.at(), from.at(), bytes, stream); });
        const double seconds = seconds_a_launch(graph, stream, 0.05);
        std::printf("{\"copy_mb\": %s, \"bytes_a_second\": %.6g}\n", argv[i], 2 * (double)bytes / seconds);
        std::fflush(stdout);
    }
    return 0;
}
