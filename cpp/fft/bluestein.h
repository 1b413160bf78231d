// Tables of Bluestein's convolution, which computes a transform of any length from transforms of a smooth length.
#pragma once
#include "fft/kernels.h"
#include "fft/store.h"

namespace ewald::fft {

// chirp: [n] complex, exp(-i pi j^2 / n). filter: [length / 2 + 1] complex, the first half (the second mirrors it) of
// the transform of the chirp, wrapped around and over `length`, which is smooth, even and at least 2 n - 1. The
// convolution uses the conjugate chirp, whose transform is the conjugate of this one, because the line is even. False
// when out of memory.
template <class T>
bool plan_bluestein(size_t n, size_t length, const Engines<T>& engines, uint32_t tune, const T*& chirp,
                    const T*& filter, Store& store);

// The same for a grid of n1 n2 points: the chirp's first half, and rows 0 .. n1 / 2 of the filter, row k1 of results k1
// + n1 k2. The others mirror them.
template <class T>
bool plan_bluestein_grid(size_t n, size_t n1, size_t n2, const Engines<T>& engines, uint32_t tune, const T*& chirp,
                         const T*& filter, Store& store);

}  // namespace ewald::fft
