// Found in place of the toolkit's header when g++ compiles a .cu file: this folder stands first on the include path
// then.
#pragma once
#include "../cuda_emulator.h"
