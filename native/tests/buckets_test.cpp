/* The sizes that steps are padded to. Apart from the engine's tests, which run on a GPU as well and know none of its sources. */
#include "../src/buckets.h"
#include "test.h"

namespace {

TEST(Buckets_AnyMost_HoldEveryCount)
{
    for (const int most : {1, 2, 3, 20, 64, 1000, 1024, 1025, 1280, 1281, 5000}) {
        const ctn::Buckets buckets(most);
        CHECK(buckets.sizes().back() == most, "the largest of %d is %d", most, buckets.sizes().back());
        for (int count = 1; count <= most; count++) {
            const int size = buckets.holding(count);
            CHECK(size >= count && size <= most && buckets.sizes()[(size_t)buckets.index_of(size)] == size, "%d in %d", count, size);
            CHECK(size == most || size - count < std::max(count, 256), "%d is padded to %d", count, size);
        }
    }
}

}  // namespace

TEST_MAIN
