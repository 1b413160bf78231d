// The CUDA C++ language and the part of its runtime that this package uses, for g++ on a CPU. See README.md.
#pragma once
#include "device/keywords.h"
#include "device/vector_types.h"
#include "device/threads.h"
#include "device/shared.h"
#include "device/barrier.h"
#include "device/warp.h"
#include "device/atomics.h"
#include "device/integer_intrinsics.h"
#include "device/float_intrinsics.h"
#include "runtime_api.h"
#include "launch.h"
