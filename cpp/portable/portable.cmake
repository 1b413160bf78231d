# ewald_portable(target): builds a binary for Linux systems from glibc 2.28 on. libstdc++ is linked statically, because
# that of the build machine is newer than on those systems; glibc.c explains how newer symbols of the C library are
# avoided.
include(CheckSymbolExists)
check_symbol_exists(__GLIBC__ features.h EWALD_GLIBC)
set(ewald_portable_source ${CMAKE_CURRENT_LIST_DIR}/glibc.c)
set(ewald_portable_start ${CMAKE_CURRENT_LIST_DIR}/start.c)
file(STRINGS ${ewald_portable_source} ewald_portable_names REGEX "^OLDER\\(")
list(TRANSFORM ewald_portable_names REPLACE "^OLDER\\(([a-z0-9_]+),.*" "-Wl,--wrap=\\1")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ewald_portable_source})

function(ewald_portable target)
  if(NOT EWALD_GLIBC OR NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|aarch64" OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  # Before glibc 2.34 these were separate libraries. They are empty today, but a program has to name them.
  set(older -Wl,--push-state,--no-as-needed -l:libpthread.so.0 -l:libdl.so.2 -l:librt.so.1 -Wl,--pop-state)
  target_sources(${target} PRIVATE ${ewald_portable_source})
  # libgcc stays shared: its static unwinder asks for _dl_find_object of glibc 2.35.
  target_link_options(${target} PRIVATE -static-libstdc++ -Wl,--exclude-libs,ALL ${ewald_portable_names})
  target_link_libraries(${target} PRIVATE ${older})
  get_target_property(kind ${target} TYPE)
  if(kind STREQUAL "EXECUTABLE")
    target_sources(${target} PRIVATE ${ewald_portable_start})
    target_link_options(${target} PRIVATE -Wl,--wrap=__libc_start_main)
  endif()
endfunction()
