# embed_file(<target> <symbol> <file>): make the bytes of a file part of a target, as
# `const char <symbol>[]` (NUL-terminated) and `const size_t <symbol>_size`.  Declare both
# extern where they are used.
function(embed_file target symbol file)
	get_filename_component(path ${file} ABSOLUTE)
	set(out ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
	add_custom_command(OUTPUT ${out}
		COMMAND ${CMAKE_COMMAND} -DIN=${path} -DOUT=${out} -DSYMBOL=${symbol}
			-P ${PROJECT_SOURCE_DIR}/conf/cmake/EmbedFile.cmake
		DEPENDS ${path} ${PROJECT_SOURCE_DIR}/conf/cmake/EmbedFile.cmake
		VERBATIM)
	target_sources(${target} PRIVATE ${out})
endfunction()
