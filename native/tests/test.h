/* The little that the tests need: named cases, checks that say where and what, one main. */
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace test {

struct Case {
    const char *name;
    void (*body)();
};

inline std::vector<Case> &cases()
{
    static std::vector<Case> all;
    return all;
}

inline int &failures()
{
    static int count;
    return count;
}

struct Registration {
    Registration(const char *name, void (*body)()) { cases().push_back({name, body}); }
};

/* Where the environment says so, the first failure is the last: enough to know that a test fails. */
inline void count_failure()
{
    failures()++;
    if (std::getenv("CTN_TEST_STOP") != nullptr) {
        std::fflush(stdout);
        std::_Exit(1);
    }
}

/* Runs every case, or those whose name contains the argument. */
inline int run(int argc, char **argv)
{
    int ran = 0;
    for (const Case &one : cases()) {
        if (argc > 1 && std::strstr(one.name, argv[1]) == nullptr)
            continue;
        const int before = failures();
        one.body();
        ran++;
        std::printf("%s %s\n", failures() == before ? "ok  " : "FAIL", one.name);
        std::fflush(stdout);
    }
    std::printf("%d cases, %d failed checks\n", ran, failures());
    return ran == 0 || failures() != 0;
}

}  // namespace test

#define TEST(name)                                            \
    static void name();                                       \
    static const test::Registration name##_registered(#name, name); \
    static void name()

/* Counts a failure and says what was found, printf style. */
#define CHECK(condition, ...)                                           \
    do {                                                                \
        if (!(condition)) {                                             \
            std::printf("  %s:%d: %s: ", __FILE__, __LINE__, #condition); \
            std::printf(__VA_ARGS__);                                   \
            std::printf("\n");                                          \
            test::count_failure();                                      \
        }                                                               \
    } while (0)

#define CHECK_OK(call)                                                                        \
    do {                                                                                      \
        const ctn_status check_status_ = (call);                                              \
        CHECK(check_status_ == CTN_OK, "status %d: %s", check_status_, ctn_last_message());   \
    } while (0)

#define TEST_MAIN                  \
    int main(int argc, char **argv) \
    {                              \
        return test::run(argc, argv); \
    }
