// Found in place of the toolkit's header when g++ compiles a .cu file: this folder is then first on the include path.
#pragma once
#include "../cuda_emulator.h"
