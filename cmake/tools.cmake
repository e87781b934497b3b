# What makes building fast, where it is there; what the caller chose stands.
find_program(LASTBYTE_CCACHE ccache)
if(LASTBYTE_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  # ccache declines precompiled headers unless told that their defines and times may be overlooked
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${LASTBYTE_CCACHE})
endif()
find_program(LASTBYTE_MOLD mold)
if(LASTBYTE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
