/* The C ABI of the transforms; its structs and enums are generated from src/layout, its functions stand in ewald.h. */
#include "ewald.h"
