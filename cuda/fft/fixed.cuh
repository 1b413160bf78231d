// Plain passes over lines of a power of two in float32, a kernel for each length: strides, items and spans are
// constants, so addresses of shared memory are immediates and nothing is divided; and radix 16 is used where it saves a
// stage. On GPUs with high memory bandwidth, instructions limit these passes, not memory.
//
// The stages, their order and the exchange through shared memory are those of lines.cuh.
#pragma once
#include "lines.cuh"

namespace ewald::cuda::fft {

// As a constant, because the function is a host function.
template <unsigned Length, unsigned Stage>
constexpr unsigned radix_of = fixed_radix(Length, Stage);

// Lanes: lines of a block that are adjacent in memory and in shared memory; 0: each line separately.
template <class T, unsigned Length, unsigned Lanes>
struct FixedBlock {
  using C = Complex<T>;
  static constexpr unsigned gap = radix_of<Length, 0>;
  const Pass& pass;
  const C* const in;
  C* const out;
  const C* const roots;
  const T scale;
  C* const points;
  const LinePlace* const places;

  static __host__ __device__ constexpr unsigned gapped(unsigned j) { return j + j / gap; }
  static constexpr unsigned element_step = Lanes == 0 ? 1 : Lanes;
  __device__ __forceinline__ C* at(unsigned lane, unsigned j) const {
    return points + (Lanes == 0 ? lane * gapped(Length) : lane) + gapped(j) * element_step;
  }

  template <unsigned Items>
  __device__ __forceinline__ void split(unsigned item, bool across, unsigned& lane, unsigned& j) const {
    if (Lanes != 0) {
      lane = item % Lanes;
      j = item / Lanes;
    } else if (across) {
      lane = item & (pass.lanes - 1);
      j = item >> pass.lane_shift;
    } else {
      lane = item / Items;
      j = item % Items;
    }
  }

  // The factor between pieces.
  __device__ __forceinline__ C turn(const LinePlace& place, unsigned k, C v) const {
    const unsigned turns = (place.a + k * pass.turn_step) * place.b;
    const C far = __ldg(roots + pass.turn_far + (turns >> pass.turn_shift)),
            near = __ldg(roots + pass.turn_near + (turns & ((1u << pass.turn_shift) - 1)));
    return times(v, times(far, near));
  }

  template <unsigned S, unsigned Span>
  __device__ __forceinline__ void stages_from() const {
    constexpr unsigned R = radix_of<Length, S>, items = Length / R, rounds = fixed_elements / R;
    constexpr bool first = S == 0, last = Span * R == Length;
    const bool across = first ? pass.across_in : last ? pass.across_out : false;
    const unsigned all = Lanes != 0 ? items * Lanes : items << pass.lane_shift;
    C v[rounds][R];
#pragma unroll
    for (unsigned round = 0; round < rounds; round++) {
      const unsigned item = threadIdx.x + round * blockDim.x;
#pragma unroll
      for (unsigned q = 0; q < R; q++) v[round][q] = complex<T>(0, 0);
      if (item >= all) continue;
      unsigned lane, j;
      split<items>(item, across, lane, j);
      if constexpr (first) {
        if (!places[lane].there) continue;
        // 32 bits, because the host passes no longer line to this kernel.
        const unsigned step = pass.in_index * pass.in_stride;
        const C* const from = in + places[lane].in + j * step;
        if (Lanes == 0 && step == 1) {
#pragma unroll
          for (unsigned q = 0; q < R; q++) v[round][q] = from[q * items];
        } else {
#pragma unroll
          for (unsigned q = 0; q < R; q++) v[round][q] = from[q * items * step];
        }
        if (pass.swap_in) {
#pragma unroll
          for (unsigned q = 0; q < R; q++) v[round][q] = exchanged(v[round][q]);
        }
      } else {
        const C* const from = at(lane, j);
        const C* const twiddle = roots + pass.stage[S].twiddle + j % Span;
#pragma unroll
        for (unsigned q = 0; q < R; q++) v[round][q] = from[gapped(q * items) * element_step];
#pragma unroll
        for (unsigned q = 1; q < R; q++) v[round][q] = times(v[round][q], __ldg(twiddle + (q - 1) * Span));
      }
      butterfly<T, R>(v[round]);
    }
    if constexpr (!first && !last) __syncthreads();
#pragma unroll
    for (unsigned round = 0; round < rounds; round++) {
      const unsigned item = threadIdx.x + round * blockDim.x;
      if (item >= all) continue;
      unsigned lane, j;
      split<items>(item, across, lane, j);
      const unsigned k = j % Span, base = (j - k) * R + k;
      if constexpr (last) {
        const LinePlace place = places[lane];
        if (!place.there) continue;
        if (pass.turn_far != nothing) {
#pragma unroll
          for (unsigned q = 0; q < R; q++) v[round][q] = turn(place, base + q * Span, v[round][q]);
        }
        if (pass.swap_out) {
#pragma unroll
          for (unsigned q = 0; q < R; q++) v[round][q] = exchanged(v[round][q]);
        }
        const unsigned step = pass.out_index * pass.out_stride;
        C* const to = out + place.out + base * step;
        if (Lanes == 0 && step == 1) {
#pragma unroll
          for (unsigned q = 0; q < R; q++) to[q * Span] = scale * v[round][q];
        } else {
#pragma unroll
          for (unsigned q = 0; q < R; q++) to[q * Span * step] = scale * v[round][q];
        }
      } else {
        C* const to = at(lane, base);
#pragma unroll
        for (unsigned q = 0; q < R; q++) to[gapped(q * Span) * element_step] = v[round][q];
      }
    }
    if constexpr (!last) {
      __syncthreads();
      stages_from<S + 1, Span * R>();
    }
  }
};

template <class T, unsigned Length, unsigned Lanes>
__global__ void __launch_bounds__(capacity<T> / fixed_elements, 4)
    transform_fixed(const __grid_constant__ Pass pass, const void* in, void* out, const Complex<T>* roots, T scale) {
  using C = Complex<T>;
  EWALD_DYNAMIC_SHARED(C, points);
  LinePlace* const places = reinterpret_cast<LinePlace*>(points + pass.held);
  place_lines<true>(pass, places);
  __syncthreads();
  const FixedBlock<T, Length, Lanes> block{pass,  static_cast<const C*>(in), static_cast<C*>(out), roots, scale, points,
                                           places};
  block.template stages_from<0, 1>();
}

}  // namespace ewald::cuda::fft
