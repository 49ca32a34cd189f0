# One interface target carries every compiler decision; link it PRIVATE.
option(WITH_ASAN "Address and undefined-behaviour sanitizers" OFF)
option(WITH_TSAN "Thread sanitizer" OFF)
option(WITH_FUZZ "libFuzzer targets (clang)" OFF)
option(WITH_WERROR "Treat warnings as errors" OFF)

# Asserts stay on as shipped: a broken promise stops the program where it broke.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")

add_library(project_flags INTERFACE)
target_compile_features(project_flags INTERFACE c_std_11)
target_compile_options(project_flags INTERFACE
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Wundef
	-Wimplicit-fallthrough -Wno-missing-field-initializers
	$<$<C_COMPILER_ID:Clang>:-Wno-string-concatenation> # long literals in tables of text
	-fno-common -fstack-protector-strong
	$<$<BOOL:${WITH_WERROR}>:-Werror>
	$<$<CONFIG:Release,RelWithDebInfo>:-D_FORTIFY_SOURCE=2>
	$<$<CONFIG:Release,RelWithDebInfo>:-fstack-clash-protection>
	$<$<AND:$<CONFIG:Release,RelWithDebInfo>,$<C_COMPILER_ID:GNU>,$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>>:-fcf-protection>)
target_link_options(project_flags INTERFACE
	$<$<CONFIG:Release,RelWithDebInfo>:-Wl,-z,relro,-z,now>)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(sanitize "")
if(WITH_ASAN)
	list(APPEND sanitize address undefined)
elseif(WITH_TSAN)
	list(APPEND sanitize thread)
endif()
if(WITH_FUZZ)
	list(APPEND sanitize fuzzer-no-link)
endif()
foreach(one IN LISTS sanitize)
	target_compile_options(project_flags INTERFACE -fsanitize=${one})
	target_link_options(project_flags INTERFACE -fsanitize=${one})
endforeach()
if(sanitize)
	target_compile_options(project_flags INTERFACE
		-fno-omit-frame-pointer -fno-sanitize-recover=all)
endif()
