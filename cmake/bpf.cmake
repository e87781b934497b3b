# Programs in the kernel: clang compiles C for BPF, and bpftool makes a header with the object and its loader.
find_program(LASTBYTE_BPF_CLANG NAMES clang clang-19 clang-16 clang-15 clang-14)
find_program(LASTBYTE_BPFTOOL bpftool PATHS /usr/sbin /sbin)
foreach(tool LASTBYTE_BPF_CLANG:clang LASTBYTE_BPFTOOL:bpftool)
  string(REPLACE ":" ";" tool ${tool})
  list(GET tool 0 found)
  list(GET tool 1 name)
  if(NOT ${found})
    message(FATAL_ERROR "${name} is missing: it compiles the programs that `lastbyte trace` loads into the kernel. "
                        "`./dev setup build` installs it, or: apt-get install ${name}")
  endif()
endforeach()

#   lastbyte_bpf_program(TARGET NAME FILE.bpf.c HEADERS...): makes NAME.skel.h, which sources of TARGET can include
function(lastbyte_bpf_program TARGET NAME SOURCE)
  set(made ${CMAKE_CURRENT_BINARY_DIR}/bpf)
  file(MAKE_DIRECTORY ${made})
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE headers)
  # <asm/types.h> lies in the folder of the architecture, which a compiler for BPF does not know.
  add_custom_command(
    OUTPUT ${made}/${NAME}.skel.h
    COMMAND ${LASTBYTE_BPF_CLANG} -g -O2 -Wall -Wextra -Werror -target bpf -mcpu=v3 -I${CMAKE_SOURCE_DIR}/src
            -isystem /usr/include/${CMAKE_LIBRARY_ARCHITECTURE} -c ${CMAKE_CURRENT_SOURCE_DIR}/${SOURCE} -o ${made}/${NAME}.o
    COMMAND ${LASTBYTE_BPFTOOL} gen object ${made}/${NAME}.linked.o ${made}/${NAME}.o
    COMMAND ${LASTBYTE_BPFTOOL} gen skeleton ${made}/${NAME}.linked.o name ${NAME} > ${made}/${NAME}.skel.h
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${SOURCE} ${headers}
    COMMENT "Compiling ${SOURCE} for the kernel"
    VERBATIM)
  target_sources(${TARGET} PRIVATE ${made}/${NAME}.skel.h)
  target_include_directories(${TARGET} SYSTEM PRIVATE ${made})
endfunction()
