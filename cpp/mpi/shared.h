// Memory that processes of one machine share: one creates it, the others open it by its name.
#pragma once
#include <stddef.h>

#include <string>

namespace ewald::mpi {

// Maps new zeroed memory. `name` identifies it for processes of this machine and user until close_shared is called.
// Returns nullptr on failure, with the reason in `name`.
void* create_shared(size_t bytes, std::string& name);
// Maps the memory that another process has created with this name and size; nullptr if it does not exist here, as for
// processes of other machines or containers, or if it is something else.
void* open_shared(const std::string& name, size_t bytes);
// Ends the validity of a name of this process. Mappings are not affected.
void close_shared(const std::string& name);
void unmap_shared(void* memory, size_t bytes);

}  // namespace ewald::mpi
