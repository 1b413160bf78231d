// The ends of a line: how its elements become complex numbers, and how complex numbers become elements. The same
// formulas, under the same names, are in wgsl/fft/ends.wgsl.
#pragma once
#include "arithmetic.cuh"
#include "pass.h"

namespace ewald::cuda::fft {

template <class T>
struct Ends {
  using C = Complex<T>;
  const Pass& pass;
  const void* in;
  void* out;
  const C* roots;
  T scale;

  __device__ __forceinline__ C root(std::uint32_t table, std::uint32_t k) const { return __ldg(roots + table + k); }
  // The position of element j among the elements that a side holds; `nothing` if the side does not hold it.
  __device__ __forceinline__ std::uint32_t held(const Window& window, std::uint32_t j) const {
    if (window.whole == 0) return j;
    const std::uint32_t i = j < window.start ? j + (window.whole - window.start) : j - window.start;
    return i < window.count ? i : nothing;
  }
  __device__ __forceinline__ C number(std::uint64_t base, std::uint32_t index) const {
    const std::uint32_t j = held(pass.in_window, index);
    if (j == nothing) return complex<T>(0, 0);
    return static_cast<const C*>(in)[base + std::uint64_t(j) * pass.in_stride];
  }
  __device__ __forceinline__ T element(std::uint64_t base, std::uint32_t index) const {
    const std::uint32_t j = held(pass.in_window, index);
    if (j == nothing) return 0;
    return static_cast<const T*>(in)[base + std::uint64_t(j) * pass.in_stride];
  }
  // Two neighbours of a real line, in one access if they are contiguous.
  __device__ __forceinline__ C two(std::uint64_t base, std::uint32_t j) const {
    const T* const from = static_cast<const T*>(in) + base + j;
    if (pass.in_stride == 1 && pass.in_window.whole == 0 && reinterpret_cast<std::uintptr_t>(from) % sizeof(C) == 0)
      return *reinterpret_cast<const C*>(from);
    return complex<T>(element(base, j), element(base, j + 1));
  }
  __device__ __forceinline__ void put(std::uint64_t base, std::uint32_t index, C v) const {
    const std::uint32_t k = held(pass.out_window, index);
    if (k == nothing) return;
    static_cast<C*>(out)[base + std::uint64_t(k) * pass.out_stride] = scale * v;
  }
  __device__ __forceinline__ void put(std::uint64_t base, std::uint32_t index, T v) const {
    const std::uint32_t k = held(pass.out_window, index);
    if (k == nothing) return;
    static_cast<T*>(out)[base + std::uint64_t(k) * pass.out_stride] = scale * v;
  }

  // Element j of the line and its mirror image: even around both ends (cosine, 2 (n - 1) elements) or odd (sine, 2 (n +
  // 1) elements).
  __device__ T extended(std::uint64_t base, std::uint32_t j) const {
    if (!pass.sine) return element(base, j >= pass.axis ? 2 * (pass.axis - 1) - j : j);
    const std::uint32_t n = pass.axis + 1;
    if (j == 0 || j == n) return 0;
    return j > n ? -element(base, 2 * n - j - 1) : element(base, j - 1);
  }

  __device__ C source(std::uint64_t base, std::uint32_t j) const { return source_as(pass.source, base, j); }
  // Compiles without a switch if the source is a constant.
  __device__ __forceinline__ C source_as(Source which, std::uint64_t base, std::uint32_t j) const {
    const std::uint32_t n = pass.axis;
    const bool sine = pass.sine;
    switch (which) {
      case Source::complex: {
        const C v = number(base, j);
        return pass.swap_in ? exchanged(v) : v;
      }
      case Source::real:
        return complex<T>(element(base, j), 0);
      // Two real elements as one complex number: a line of even length becomes one of half the length.
      case Source::packed:
        return two(base, 2 * j);
      // X[n - k] = conj X[k]. Conjugated, so that the forward sum gives the inverse; imaginary parts that a real line
      // cannot have are ignored.
      case Source::hermitian: {
        const bool mirrored = 2 * j > n;
        const C v = number(base, mirrored ? n - j : j);
        return complex<T>(v.x, j == 0 || 2 * j == n ? T(0) : mirrored ? v.y : -v.y);
      }
      // Z[k] = X[k] + conj X[h - k] + i exp(2 pi i k / n) (X[k] - conj X[h - k]), h = n / 2; exchanged parts make the
      // forward sum the inverse.
      case Source::hermitian_packed: {
        C x = number(base, j), y = conjugate(number(base, n / 2 - j));
        if (j == 0) x.y = y.y = 0;
        const C d = conjugate(turned(times(root(pass.halves, j), conjugate(x - y))));
        return exchanged(x + y + d);
      }
      case Source::dct1:
        return complex<T>(extended(base, j), 0);
      case Source::dct1_packed:
        return complex<T>(extended(base, 2 * j), extended(base, 2 * j + 1));
      // Even elements up, odd ones down: the cosine sum is then the real part of a complex one of the same length
      // (Makhoul 1980). A sine is the cosine of the line with every other sign changed, backwards.
      case Source::dct2: {
        const bool odd = 2 * j >= n;
        const T x = element(base, odd ? 2 * (n - j) - 1 : 2 * j);
        return complex<T>(sine && odd ? -x : x, 0);
      }
      // The transpose of dct2: each element is weighted with its root.
      case Source::dct3: {
        const T y = element(base, sine ? n - 1 - j : j);
        return (j == 0 ? y : 2 * y) * root(pass.quarters, j);
      }
      // Even length n: (x[2j] + i x[n-1-2j]) exp(-pi i (j + 1/8) / n), n / 2 points. A sine is the cosine of the line
      // backwards.
      case Source::dct4: {
        const T x = element(base, 2 * j), y = element(base, n - 1 - 2 * j);
        return times(sine ? complex<T>(y, x) : complex<T>(x, y), root(pass.eighths, j));
      }
      // Odd length n: x[j] exp(-pi i j / 2n), with zeros to 2 n points.
      case Source::dct4_odd:
        break;
    }
    return j >= n ? complex<T>(0, 0) : element(base, sine ? n - 1 - j : j) * root(pass.quarters, j);
  }

  __device__ void sink(std::uint64_t base, std::uint32_t k, C v) const {
    const std::uint32_t n = pass.axis;
    const bool sine = pass.sine;
    switch (pass.sink) {
      case Sink::complex:
        return put(base, k, pass.swap_out ? exchanged(v) : v);
      case Sink::real:
        return put(base, k, pass.swap_out ? v.y : v.x);
      // The non-redundant part of a real line's spectrum.
      case Sink::half:
        if (2 * k <= n) put(base, k, v);
        return;
      // Two real elements from the complex number in which they were packed, whose parts are exchanged
      // (hermitian_packed).
      case Sink::unpacked: {
        T* const to = static_cast<T*>(out) + base + 2 * k;
        if (pass.out_stride == 1 && pass.out_window.whole == 0 &&
            reinterpret_cast<std::uintptr_t>(to) % sizeof(C) == 0) {
          *reinterpret_cast<C*>(to) = scale * exchanged(v);
          return;
        }
        put(base, 2 * k, v.y);
        return put(base, 2 * k + 1, v.x);
      }
      // The spectrum of the extended line is real (cosine) or imaginary (sine).
      case Sink::dct1:
        if (sine) {
          if (k >= 1 && k <= n) put(base, k - 1, -v.y);
        } else if (k < n) {
          put(base, k, v.x);
        }
        return;
      // y[k] = 2 Re(exp(-pi i k / 2n) V[k])
      case Sink::dct2:
        return put(base, sine ? n - 1 - k : k, 2 * times(v, root(pass.quarters, k)).x);
      case Sink::dct3: {
        const bool odd = 2 * k >= n;
        return put(base, odd ? 2 * (n - k) - 1 : 2 * k, sine && odd ? -v.x : v.x);
      }
      // y[2k] = 2 Re u, y[n-1-2k] = -2 Im u, u = exp(-pi i (k + 1/8) / n) V[k]; for a sine with every other sign
      // changed.
      case Sink::dct4: {
        const C u = T(2) * times(v, root(pass.eighths, k));
        put(base, 2 * k, u.x);
        return put(base, n - 1 - 2 * k, sine ? u.y : -u.y);
      }
      // y[k] = 2 Re(exp(-pi i (k + 1/2) / 2n) V[k])
      case Sink::dct4_odd:
        if (k >= n) return;
        const T y = 2 * times(v, root(pass.shifted_quarters, k)).x;
        return put(base, k, sine && k % 2 == 1 ? -y : y);
    }
  }

  // From the spectrum Z of z[j] = x[2j] + i x[2j+1] (h points) that of the real line x (2h points), k = 0 .. h:
  // X[k] = (Z[k] + conj Z[h-k] - i exp(-pi i k / h) (Z[k] - conj Z[h-k])) / 2, indices of Z modulo h.
  __device__ __forceinline__ C unpaired(std::uint32_t k, C z, C mirror) const {
    const C y = conjugate(mirror);
    return T(0.5) * (z + y + turned(times(root(pass.halves, k), z - y)));
  }
};

}  // namespace ewald::cuda::fft
