// Lines of one length in float32, a kernel for each length of fixed.h: radices, items and spans are constants, so
// offsets in shared memory are immediates and quotients are products. On GPUs with high memory bandwidth, instructions
// limit these passes, not memory.
//
// The stages, their order and the exchange through shared memory are those of lines.cuh; where a line begins there, and
// which thread takes which of its numbers, comes from banks.h. The ends are complex numbers, or a real line of twice the
// length along memory as complex numbers: its spectrum is separated after the last stage (Source::packed), or joined
// before the first (Source::hermitian_packed). Or the line is shorter and goes through a convolution of this length
// (Bluestein 1970): the chirps are part of the first and the last stage, the product is that of numbers in registers.
#pragma once
#include "fixed.h"
#include "lines.cuh"

namespace ewald::cuda::fft {

// As a constant, because the functions are host functions.
template <unsigned Length>
constexpr Fixed fixed_of = fixed_lengths[fixed_row(Length)];
template <unsigned Length>
constexpr bool fixed_pairs = fixed_takes_pairs(fixed_of<Length>);
template <unsigned Length, unsigned S, bool Back>
constexpr unsigned fixed_radix_of = fixed_radix(fixed_of<Length>, S, Back);
template <unsigned Length>
constexpr unsigned fixed_most = fixed_held(fixed_of<Length>);
template <unsigned Length>
constexpr unsigned fixed_bound = fixed_threads(fixed_of<Length>, fixed_lanes(fixed_of<Length>));

template <class T, unsigned Length, bool Convolves>
struct FixedBlock {
  using C = Complex<T>;
  static constexpr unsigned elements = fixed_of<Length>.elements, gap = fixed_gap(fixed_of<Length>, Convolves);
  const Pass& pass;
  const C* const in;
  C* const out;
  const C* const roots;
  const T scale;
  C* const points;
  const LinePlace* const places;

  static __host__ __device__ constexpr unsigned gapped(unsigned j) { return gap > Length ? j : j + j / gap; }
  __device__ __forceinline__ C* at(unsigned lane, unsigned j) const {
    return points + lane * pass.lane_step + gapped(j);
  }

  // Item `round` of this thread, of `Items` in each line; false beyond the last one.
  template <unsigned Items>
  __device__ __forceinline__ bool item(unsigned round, unsigned near, unsigned& lane, unsigned& j) const {
    const unsigned i = threadIdx.x + round * blockDim.x;
    if (near == pass.lane_shift) {
      lane = i & (pass.lanes - 1);
      j = i >> near;
    } else if constexpr (!fixed_pairs<Length>) {
      lane = i / Items;
      j = i % Items;
    } else {
      const unsigned row = i >> near, group = row / Items;
      lane = (group << near) | (i & ((1u << near) - 1));
      j = row - group * Items;
    }
    return i < Items << pass.lane_shift;
  }

  // The factor between pieces.
  __device__ __forceinline__ C turn(const LinePlace& place, unsigned k, C v) const {
    const unsigned turns = (place.a + k * pass.turn_step) * place.b;
    const C far = __ldg(roots + pass.turn_far + (turns >> pass.turn_shift)),
            near = __ldg(roots + pass.turn_near + (turns & ((1u << pass.turn_shift) - 1)));
    return times(v, times(far, near));
  }

  // ── Memory ──

  template <unsigned R>
  __device__ __forceinline__ void read(unsigned lane, unsigned j, C (&v)[R]) const {
    constexpr unsigned items = Length / R;
    // 32 bits, because the host passes no longer line to this kernel.
    const unsigned step = pass.in_index * pass.in_stride;
    const C* const from = in + places[lane].in + j * step;
    if (step == 1) {
#pragma unroll
      for (unsigned q = 0; q < R; q++) v[q] = from[q * items];
    } else {
#pragma unroll
      for (unsigned q = 0; q < R; q++) v[q] = from[q * items * step];
    }
    if (pass.swap_in) {
#pragma unroll
      for (unsigned q = 0; q < R; q++) v[q] = exchanged(v[q]);
    }
  }

  template <unsigned R, unsigned Span>
  __device__ __forceinline__ void write(unsigned lane, unsigned k, C (&v)[R]) const {
    const LinePlace place = places[lane];
    if (!place.there) return;
    if (pass.turn_far != nothing) {
#pragma unroll
      for (unsigned q = 0; q < R; q++) v[q] = turn(place, k + q * Span, v[q]);
    }
    if (pass.swap_out || pass.sink == Sink::unpacked) {
#pragma unroll
      for (unsigned q = 0; q < R; q++) v[q] = exchanged(v[q]);
    }
    const unsigned step = pass.out_index * pass.out_stride;
    C* const to = out + place.out + k * step;
    if (step == 1) {
#pragma unroll
      for (unsigned q = 0; q < R; q++) to[q * Span] = scale * v[q];
    } else {
#pragma unroll
      for (unsigned q = 0; q < R; q++) to[q * Span * step] = scale * v[q];
    }
  }

  // ── Stages ──

  template <unsigned S, unsigned Span>
  __device__ __forceinline__ void stages_from() const {
    constexpr unsigned R = fixed_of<Length>.radix[S], items = Length / R, rounds = (elements + R - 1) / R;
    constexpr bool first = S == 0, last = Span * R == Length;
    const bool reads = first && pass.source != Source::hermitian_packed, writes = last && !pass.pairs;
    C v[rounds][R];
#pragma unroll
    for (unsigned round = 0; round < rounds; round++) {
#pragma unroll
      for (unsigned q = 0; q < R; q++) v[round][q] = complex<T>(0, 0);
      unsigned lane, j;
      if (!item<items>(round, pass.near[S], lane, j)) continue;
      if (reads) {
        if (!places[lane].there) continue;
        read(lane, j, v[round]);
      } else {
        // Later stages have whole gaps between their numbers.
#pragma unroll
        for (unsigned q = 0; q < R; q++)
          v[round][q] = first ? *at(lane, j + q * items) : at(lane, j)[gapped(q * items)];
      }
      if constexpr (!first) {
        const C* const twiddle = roots + pass.stage[S].twiddle + j % Span;
#pragma unroll
        for (unsigned q = 1; q < R; q++) v[round][q] = times(v[round][q], __ldg(twiddle + (q - 1) * Span));
      }
      butterfly<T, R>(v[round]);
    }
    if (!reads && !writes) __syncthreads();
#pragma unroll
    for (unsigned round = 0; round < rounds; round++) {
      unsigned lane, j;
      if (!item<items>(round, pass.near[S], lane, j)) continue;
      const unsigned k = j % Span, base = (j - k) * R + k;
      if (writes) {
        write<R, Span>(lane, base, v[round]);
      } else {
        C* const to = at(lane, base);
#pragma unroll
        for (unsigned q = 0; q < R; q++) to[gapped(q * Span)] = v[round][q];
      }
    }
    if constexpr (!last) {
      __syncthreads();
      stages_from<S + 1, Span * R>();
    }
  }

  // ── Convolutions ──

  // The line times its chirp. At most half of a convolution is the line, so half of a butterfly's numbers are zero.
  template <unsigned R>
  __device__ __forceinline__ void read_chirped(unsigned lane, unsigned j, C (&v)[R]) const {
    constexpr unsigned items = Length / R;
    const unsigned step = pass.in_index * pass.in_stride;
    const C* const from = in + places[lane].in;
    const C* const chirp = roots + pass.chirp;
#pragma unroll
    for (unsigned q = 0; q < R / 2; q++) {
      const unsigned k = j + q * items;
      if (k < pass.points) v[q] = from[k * step];
    }
    if (pass.swap_in) {
#pragma unroll
      for (unsigned q = 0; q < R / 2; q++) v[q] = exchanged(v[q]);
    }
#pragma unroll
    for (unsigned q = 0; q < R / 2; q++) {
      const unsigned k = j + q * items;
      if (k < pass.points) v[q] = times(v[q], __ldg(chirp + k));
    }
  }

  template <unsigned R>
  __device__ __forceinline__ void write_chirped(unsigned lane, unsigned k, C (&v)[R]) const {
    constexpr unsigned span = Length / R;
    const LinePlace place = places[lane];
    if (!place.there) return;
    const unsigned step = pass.out_index * pass.out_stride;
    C* const to = out + place.out;
#pragma unroll
    for (unsigned q = 0; q < R / 2; q++) {
      const unsigned index = k + q * span;
      if (index >= pass.points) continue;
      C value = times(exchanged(v[q]), __ldg(roots + pass.chirp + index));
      if (pass.turn_far != nothing) value = turn(place, index, value);
      if (pass.swap_out) value = exchanged(value);
      to[index * step] = scale * value;
    }
  }

  // Stage S of the way there, or of the way back; `v` are the numbers that stay in their threads between the two.
  template <unsigned S, unsigned Span, bool Back, unsigned N>
  __device__ __forceinline__ void convolve_from(C (&v)[N]) const {
    constexpr unsigned R = fixed_radix_of<Length, S, Back>, items = Length / R, rounds = (elements + R - 1) / R;
    constexpr bool first = S == 0, last = Span * R == Length;
    static_assert(rounds * R <= N, "a thread holds the numbers of every stage");
    const unsigned near = pass.near[(Back ? 3 : 0) + S];
#pragma unroll
    for (unsigned round = 0; round < rounds; round++) {
      C(&mine)[R] = reinterpret_cast<C(&)[R]>(v[round * R]);
      if (!first || !Back) {
#pragma unroll
        for (unsigned q = 0; q < R; q++) mine[q] = complex<T>(0, 0);
      }
      unsigned lane, j;
      if (!item<items>(round, near, lane, j)) continue;
      if constexpr (first && !Back) {
        if (!places[lane].there) continue;
        read_chirped(lane, j, mine);
      } else if constexpr (!first) {
        const C* const twiddle = roots + pass.stage[(Back ? 3 : 0) + S].twiddle + j % Span;
#pragma unroll
        for (unsigned q = 0; q < R; q++) mine[q] = at(lane, j)[gapped(q * items)];
#pragma unroll
        for (unsigned q = 1; q < R; q++) mine[q] = times(mine[q], __ldg(twiddle + (q - 1) * Span));
      }
      butterfly<T, R>(mine);
      if constexpr (last && !Back) {
        // Exchanged parts make the second transform the inverse one.
        const C* const spectrum = roots + pass.spectrum + j;
#pragma unroll
        for (unsigned q = 0; q < R; q++) mine[q] = exchanged(times(mine[q], __ldg(spectrum + q * Span)));
      }
    }
    if constexpr (last && !Back) {
      convolve_from<0, 1, true>(v);
    } else {
      if (!first || Back) __syncthreads();
#pragma unroll
      for (unsigned round = 0; round < rounds; round++) {
        C(&mine)[R] = reinterpret_cast<C(&)[R]>(v[round * R]);
        unsigned lane, j;
        if (!item<items>(round, near, lane, j)) continue;
        const unsigned k = j % Span, base = (j - k) * R + k;
        if constexpr (last) {
          write_chirped(lane, base, mine);
        } else {
          C* const to = at(lane, base);
#pragma unroll
          for (unsigned q = 0; q < R; q++) to[gapped(q * Span)] = mine[q];
        }
      }
      if constexpr (!last) {
        __syncthreads();
        convolve_from<S + 1, Span * R, Back>(v);
      }
    }
  }

  __device__ __forceinline__ void convolve() const {
    C v[fixed_most<Length>];
    convolve_from<0, 1, false>(v);
  }

  // ── Real lines ──

  // A thread takes numbers k and Length - k together, because each of them needs both. Number Length / 2 is its own
  // partner; the first threads take one each.
  static constexpr unsigned pairs = (Length + 1) / 2, pair_rounds = (elements + 1) / 2;

  // Joins the half spectrum of a real line: see Source::hermitian_packed in ends.cuh, whose Z[Length - k] has the
  // conjugated sum and difference of Z[k].
  __device__ __forceinline__ void join() const {
    C x[pair_rounds], y[pair_rounds];
#pragma unroll
    for (unsigned round = 0; round < pair_rounds; round++) {
      unsigned lane, k;
      x[round] = y[round] = complex<T>(0, 0);
      if (!item<pairs>(round, pass.near_ends, lane, k) || !places[lane].there) continue;
      const C* const from = in + places[lane].in;
      x[round] = from[k];
      y[round] = conjugate(from[Length - k]);
    }
    if (Length % 2 == 0 && threadIdx.x < pass.lanes) {
      const LinePlace place = places[threadIdx.x];
      const C v = place.there ? in[place.in + Length / 2] : complex<T>(0, 0);
      *at(threadIdx.x, Length / 2) = exchanged(T(2) * conjugate(v));
    }
#pragma unroll
    for (unsigned round = 0; round < pair_rounds; round++) {
      unsigned lane, k;
      if (!item<pairs>(round, pass.near_ends, lane, k)) continue;
      // Imaginary parts that a real line cannot have are ignored.
      if (k == 0) x[round].y = y[round].y = 0;
      const C root = __ldg(roots + pass.halves + k), sum = x[round] + y[round],
              d = conjugate(turned(times(root, conjugate(x[round] - y[round]))));
      *at(lane, k) = exchanged(sum + d);
      if (k > 0) *at(lane, Length - k) = exchanged(conjugate(sum - d));
    }
    __syncthreads();
  }

  // Separates the spectrum of a real line: see `unpaired` in ends.cuh.
  __device__ __forceinline__ void separate() const {
    __syncthreads();
#pragma unroll
    for (unsigned round = 0; round < pair_rounds; round++) {
      unsigned lane, k;
      if (!item<pairs>(round, pass.near_ends, lane, k) || !places[lane].there) continue;
      const C root = __ldg(roots + pass.halves + k), z = *at(lane, k), y = conjugate(*at(lane, k == 0 ? 0 : Length - k)),
              sum = z + y, d = turned(times(root, z - y));
      C* const to = out + places[lane].out;
      to[k] = T(0.5) * scale * (sum + d);
      to[Length - k] = T(0.5) * scale * conjugate(sum - d);
    }
    if (Length % 2 == 0 && threadIdx.x < pass.lanes) {
      const LinePlace place = places[threadIdx.x];
      if (place.there) out[place.out + Length / 2] = scale * conjugate(*at(threadIdx.x, Length / 2));
    }
  }
};

template <class T, unsigned Length>
__global__ void __launch_bounds__(fixed_bound<Length>, 1024 / fixed_bound<Length>)
    convolve_fixed(const __grid_constant__ Pass pass, const void* in, void* out, const Complex<T>* roots, T scale) {
  using C = Complex<T>;
  EWALD_DYNAMIC_SHARED(C, points);
  LinePlace* const places = reinterpret_cast<LinePlace*>(points + pass.held);
  place_lines<true>(pass, places);
  __syncthreads();
  const FixedBlock<T, Length, true> block{pass,   static_cast<const C*>(in), static_cast<C*>(out), roots, scale,
                                          points, places};
  block.convolve();
}

template <class T, unsigned Length>
__global__ void __launch_bounds__(fixed_bound<Length>, 1024 / fixed_bound<Length>)
    transform_fixed(const __grid_constant__ Pass pass, const void* in, void* out, const Complex<T>* roots, T scale) {
  using C = Complex<T>;
  EWALD_DYNAMIC_SHARED(C, points);
  LinePlace* const places = reinterpret_cast<LinePlace*>(points + pass.held);
  place_lines<true>(pass, places);
  __syncthreads();
  const FixedBlock<T, Length, false> block{pass,   static_cast<const C*>(in), static_cast<C*>(out), roots, scale,
                                           points, places};
  if (pass.source == Source::hermitian_packed) block.join();
  block.template stages_from<0, 1>();
  if (pass.pairs) block.separate();
}

}  // namespace ewald::cuda::fft
