# The addon for systems with musl (Alpine), built with g++ and the packages musl and musl-dev of Debian. Only the
# headers and the library of C are musl's: those of g++ are made for glibc, and the definitions below make its headers
# fit. libstdc++ is that of the system, of which Node on musl needs one in any case; the core uses nothing of it that
# depends on the C library (streams, locales, file systems).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER gcc)
set(CMAKE_CXX_COMPILER g++)
set(EWALD_MUSL "$ENV{EWALD_MUSL}")
if(NOT EWALD_MUSL)
  set(EWALD_MUSL /)
endif()
# No program for musl is linked while CMake tries the compiler.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES EWALD_MUSL)
execute_process(COMMAND g++ -print-file-name=include OUTPUT_VARIABLE gcc_include OUTPUT_STRIP_TRAILING_WHITESPACE)
execute_process(COMMAND g++ -dumpversion OUTPUT_VARIABLE gcc_version OUTPUT_STRIP_TRAILING_WHITESPACE)
set(musl_include ${EWALD_MUSL}/usr/include/x86_64-linux-musl)
set(cxx_include /usr/include/c++/${gcc_version})
set(gcc_target /usr/include/x86_64-linux-gnu/c++/${gcc_version})
set(CMAKE_C_FLAGS_INIT "-nostdinc -isystem ${musl_include} -isystem ${gcc_include}")
# The headers of libstdc++ ask for versions of glibc, and look for threads by weak symbols that musl does not have.
set(CMAKE_CXX_FLAGS_INIT "-nostdinc -nostdinc++ -isystem ${cxx_include} -isystem ${gcc_target} -isystem ${cxx_include}/backward -isystem ${musl_include} -isystem ${gcc_include} -D_GLIBCXX_GTHREAD_USE_WEAK=0 '-D__GLIBC_PREREQ(major,minor)=0' -U_FORTIFY_SOURCE -include ${CMAKE_CURRENT_LIST_DIR}/musl.h")
set(musl_lib ${EWALD_MUSL}/usr/lib/x86_64-linux-musl)
# The program that loads the addon has the C library; the name of Debian's is not that of Alpine's.
set(CMAKE_MODULE_LINKER_FLAGS_INIT "-nostdlib ${musl_lib}/crti.o ${musl_lib}/crtn.o")
set(CMAKE_CXX_STANDARD_LIBRARIES_INIT "-l:libstdc++.so.6 -lgcc -l:libgcc_s.so.1")
