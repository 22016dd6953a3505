# The CPU build: everything once as objects, the shared library of them, and the tests.
find_package(Threads REQUIRED)
include(CheckCXXSourceRuns)

list(FILTER host_sources EXCLUDE REGEX "_(cuda|cublaslt)\\.cpp$")
file(GLOB emulation_sources CONFIGURE_DEPENDS emulation/*.cpp)
set_source_files_properties(${kernels} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "-x;c++")

# fmaf is exact in software too, but slow.
check_cxx_source_runs("int main() { return __builtin_cpu_supports(\"avx2\") && __builtin_cpu_supports(\"fma\") ? 0 : 1; }" CTN_HAS_FMA)

# Every definition and flag that a result depends on, for a library and its tests.
function(ctn_configure target)
  target_compile_definitions(${target} PUBLIC CTN_EMULATION)
  # Contraction would make bits depend on the compiler; unrolling is asked of nvcc alone.
  target_compile_options(${target} PUBLIC -Wall -Wextra $<$<BOOL:${CTN_STRICT}>:-Werror> -Wno-unknown-pragmas -ffp-contract=off)
  if(CTN_HAS_FMA)
    target_compile_options(${target} PUBLIC -mavx2 -mfma)
  endif()
  target_link_libraries(${target} PUBLIC Threads::Threads)
endfunction()

add_library(cottention_emulated OBJECT ${kernels} ${host_sources} ${emulation_sources})
ctn_configure(cottention_emulated)

add_library(cottention-cpu SHARED)
target_link_libraries(cottention-cpu PRIVATE cottention_emulated)
target_link_options(cottention-cpu PRIVATE -Wl,-z,defs -Wl,--version-script=${CMAKE_CURRENT_SOURCE_DIR}/cmake/exports.map)

enable_testing()
file(GLOB tests CONFIGURE_DEPENDS tests/*_test.cpp)
foreach(source ${tests})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE cottention_emulated)
  target_compile_definitions(${name} PRIVATE CTN_FIXTURES="${CMAKE_CURRENT_SOURCE_DIR}/../tests/fixtures")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS emulation)
endforeach()

if(CTN_TSAN)
  add_library(cottention_threads OBJECT ${kernels} ${host_sources} ${emulation_sources})
  ctn_configure(cottention_threads)
  target_compile_definitions(cottention_threads PUBLIC CTN_EMULATION_THREADS)
  target_compile_options(cottention_threads PUBLIC -fsanitize=thread -g)
  target_link_options(cottention_threads PUBLIC -fsanitize=thread)

  file(GLOB tsan_tests CONFIGURE_DEPENDS tests/*_tsan.cpp)
  foreach(source ${tsan_tests})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE cottention_threads)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS tsan ENVIRONMENT "TSAN_OPTIONS=halt_on_error=1")
  endforeach()
endif()
