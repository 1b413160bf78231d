// The kernel: a block reads some lines, transforms them in shared memory, and writes them. Stages are Stockham's, in
// their own order (Van Loan 1992, 1.7): no digit reversal is needed at the end. A thread holds its numbers in registers
// between reading and writing a stage, so one array is enough and lines may be twice as long.
#pragma once
#include "../common/shared.h"
#include "ends.cuh"

namespace ewald::cuda::fft {

// The position of a line of the block; for plain passes `in` and `out` include the index along the whole line.
struct LinePlace {
  std::uint64_t in, out;
  std::uint32_t in_index, out_index, a, b, frequency, there;
};

template <class T, bool Plain>
struct Block {
  using C = Complex<T>;
  const Pass& pass;
  const Ends<T>& ends;
  C* const points;
  const LinePlace* const places;

  // The position of number j of a line in shared memory.
  __device__ __forceinline__ std::uint32_t at(std::uint32_t lane, std::uint32_t j) const {
    return lane * pass.lane_step + (j + (j >> pass.gap_shift)) * pass.element_step;
  }

  __device__ __forceinline__ void split(std::uint32_t item, bool across, std::uint32_t items, std::uint32_t by_items,
                                        std::uint32_t& lane, std::uint32_t& j) const {
    if (across) {
      lane = item & (pass.lanes - 1);
      j = item >> pass.lane_shift;
    } else {
      lane = quotient(item, by_items);
      j = item - lane * items;
    }
  }

  // The factor between pieces.
  __device__ __forceinline__ C turn(const LinePlace& place, std::uint32_t k, C v) const {
    const std::uint32_t turns = (place.a + k * pass.turn_step) * place.b;
    const C far = ends.root(pass.turn_far, turns >> pass.turn_shift),
            near = ends.root(pass.turn_near, turns & ((1u << pass.turn_shift) - 1));
    return times(v, times(far, near));
  }

  // Stage s. The first stage of a plain pass reads the line from memory, the last writes it there.
  template <unsigned R>
  __device__ __forceinline__ void stage(const Stage& s, bool first, bool last) const {
    constexpr unsigned rounds = (elements_a_thread + R - 1) / R;
    const std::uint32_t all = s.items << pass.lane_shift;
    C v[rounds][R];
#pragma unroll
    for (unsigned round = 0; round < rounds; round++) {
      const std::uint32_t item = threadIdx.x + round * blockDim.x;
      // Always initialised: numbers that might keep their old value would be kept in registers from stage to stage, for
      // all radices at once (nvcc 13.0: 255 registers and spills instead of 106).
#pragma unroll
      for (unsigned q = 0; q < R; q++) v[round][q] = complex<T>(0, 0);
      if (item >= all) continue;
      std::uint32_t lane, j;
      split(item, s.across != 0, s.items, s.by_items, lane, j);
      if (Plain && first) {
        const LinePlace place = places[lane];
        if (!place.there) continue;
        // Offsets within a line have 32 bits, so longer lines are not plain.
        const std::uint32_t step = pass.in_index * pass.in_stride, part = s.items * step;
        const C* const from = static_cast<const C*>(ends.in) + place.in + j * step;
#pragma unroll
        for (unsigned q = 0; q < R; q++) v[round][q] = from[q * part];
        if (pass.swap_in) {
#pragma unroll
          for (unsigned q = 0; q < R; q++) v[round][q] = exchanged(v[round][q]);
        }
      } else {
        const C* const from = points + at(lane, j);
#pragma unroll
        for (unsigned q = 0; q < R; q++) v[round][q] = from[q * s.read_step];
        if (s.span > 1) {
          const C* const twiddle = ends.roots + s.twiddle + (j - quotient(j, s.by_span) * s.span);
#pragma unroll
          for (unsigned q = 1; q < R; q++) v[round][q] = times(v[round][q], __ldg(twiddle + (q - 1) * s.span));
        }
      }
      butterfly<T, R>(v[round]);
    }
    if (!(Plain && (first || last))) __syncthreads();
#pragma unroll
    for (unsigned round = 0; round < rounds; round++) {
      const std::uint32_t item = threadIdx.x + round * blockDim.x;
      if (item >= all) continue;
      std::uint32_t lane, j;
      split(item, s.across != 0, s.items, s.by_items, lane, j);
      const std::uint32_t k = j - quotient(j, s.by_span) * s.span, base = (j - k) * R + k;
      if (Plain && last) {
        const LinePlace place = places[lane];
        if (!place.there) continue;
        const std::uint32_t step = pass.out_index * pass.out_stride, part = s.span * step;
        C* const to = static_cast<C*>(ends.out) + place.out + base * step;
#pragma unroll
        for (unsigned q = 0; q < R; q++) {
          C value = v[round][q];
          if (pass.turn_far != nothing) value = turn(place, base + q * s.span, value);
          if (pass.swap_out) value = exchanged(value);
          to[q * part] = ends.scale * value;
        }
      } else {
        C* const to = points + at(lane, base);
#pragma unroll
        for (unsigned q = 0; q < R; q++) to[q * s.write_step] = v[round][q];
      }
    }
    if (!(Plain && last)) __syncthreads();
  }

  template <bool PowersOfTwo>
  __device__ __forceinline__ void transform() const {
    for (std::uint32_t i = 0; i < pass.stages; i++) {
      const Stage& s = pass.stage[i];
      const bool first = i == 0, last = i + 1 == pass.stages;
      if (s.radix == 8)
        stage<8>(s, first, last);
      else if (s.radix == 4)
        stage<4>(s, first, last);
      else if (s.radix == 2)
        stage<2>(s, first, last);
      if constexpr (!PowersOfTwo) {
        if (s.radix == 3)
          stage<3>(s, first, last);
        else if (s.radix == 5)
          stage<5>(s, first, last);
        else if (s.radix == 7)
          stage<7>(s, first, last);
        else if (s.radix == 11)
          stage<11>(s, first, last);
        else if (s.radix == 13)
          stage<13>(s, first, last);
      }
    }
  }

  // ── What passes that are not plain do around the stages ──

  // Result k of the transform; a convolution inside the block ends with its chirp on exchanged parts.
  __device__ C result(std::uint32_t lane, std::uint32_t k) const {
    const C v = points[at(lane, k)];
    return pass.chirp != nothing ? times(exchanged(v), ends.root(pass.chirp, k)) : v;
  }

  __device__ void emit(const LinePlace& place, std::uint32_t lane, std::uint32_t k) const {
    C v = result(lane, k);
    if (pass.turn_far != nothing) v = turn(place, k, v);
    const std::uint32_t index = place.out_index + k * pass.out_index;
    if (pass.chirp_out != nothing) {
      if (index >= pass.chirp_points) return;
      v = times(exchanged(v), ends.root(pass.chirp_out, index));
    }
    ends.sink(place.out, index, v);
  }

  // Calls each(round, lane, j) for the elements of this thread, eight of them from `first` on.
  template <class Each>
  __device__ __forceinline__ void eight_from(std::uint32_t first, Each each) const {
    const std::uint32_t all = pass.length << pass.lane_shift;
#pragma unroll
    for (std::uint32_t t = 0; t < elements_a_thread; t++) {
      const std::uint32_t i = first + t * blockDim.x;
      if (i >= all) continue;
      std::uint32_t lane, j;
      split(i, pass.across_in, pass.length, pass.by_length, lane, j);
      each(t, lane, j);
    }
  }

  // Lines of one source: eight loads are in flight at a time, then come the stores. A switch between loads, or a store
  // after each, would leave one in flight, a third of what hides the memory's latency.
  template <Source S>
  __device__ __forceinline__ void fill_from() const {
    const std::uint32_t within = pass.chirp_in != nothing ? pass.chirp_points : nothing;
    for (std::uint32_t first = threadIdx.x; first < pass.length << pass.lane_shift;
         first += elements_a_thread * blockDim.x) {
      C held[elements_a_thread];
#pragma unroll
      for (std::uint32_t t = 0; t < elements_a_thread; t++) held[t] = complex<T>(0, 0);
      eight_from(first, [&](std::uint32_t t, std::uint32_t lane, std::uint32_t j) {
        const LinePlace& place = places[lane];
        const std::uint32_t index = place.in_index + j * pass.in_index;
        if (place.there && j < pass.points && index < within) held[t] = ends.source_as(S, place.in, index);
      });
      eight_from(first, [&](std::uint32_t t, std::uint32_t lane, std::uint32_t j) { points[at(lane, j)] = held[t]; });
    }
  }

  // Multiplies by a chirp, in the threads that stored the numbers: its roots are also loaded eight at a time. The chirp
  // belongs to a convolution inside the block or over several passes.
  __device__ __forceinline__ void chirp() const {
    const bool inside = pass.chirp != nothing;
    const std::uint32_t table = inside ? pass.chirp : pass.chirp_in, count = inside ? pass.points : pass.chirp_points;
    for (std::uint32_t first = threadIdx.x; first < pass.length << pass.lane_shift;
         first += elements_a_thread * blockDim.x) {
      C root[elements_a_thread];
#pragma unroll
      for (std::uint32_t t = 0; t < elements_a_thread; t++) root[t] = complex<T>(0, 0);
      eight_from(first, [&](std::uint32_t t, std::uint32_t lane, std::uint32_t j) {
        const std::uint32_t k = inside ? j : places[lane].in_index + j * pass.in_index;
        if (k < count) root[t] = ends.root(table, k);
      });
      eight_from(first, [&](std::uint32_t t, std::uint32_t lane, std::uint32_t j) {
        C& point = points[at(lane, j)];
        point = times(point, root[t]);
      });
    }
  }

  __device__ void fill() const {
    switch (pass.source) {
      case Source::complex:
        fill_from<Source::complex>();
        break;
      case Source::real:
        fill_from<Source::real>();
        break;
      case Source::packed:
        fill_from<Source::packed>();
        break;
      case Source::hermitian:
        fill_from<Source::hermitian>();
        break;
      case Source::hermitian_packed:
        fill_from<Source::hermitian_packed>();
        break;
      case Source::dct1:
        fill_from<Source::dct1>();
        break;
      case Source::dct1_packed:
        fill_from<Source::dct1_packed>();
        break;
      case Source::dct2:
        fill_from<Source::dct2>();
        break;
      case Source::dct3:
        fill_from<Source::dct3>();
        break;
      case Source::dct4:
        fill_from<Source::dct4>();
        break;
      case Source::dct4_odd:
        fill_from<Source::dct4_odd>();
        break;
    }
    if (pass.chirp != nothing || pass.chirp_in != nothing) chirp();
    __syncthreads();
  }

  // Multiplies by the spectrum of a chirp and exchanges parts, so that the second transform is the inverse one.
  __device__ void multiply() const {
    for (std::uint32_t i = threadIdx.x; i < pass.length << pass.lane_shift; i += blockDim.x) {
      std::uint32_t lane, k;
      split(i, pass.across_in && pass.across_out, pass.length, pass.by_length, lane, k);
      const C factor = pass.middle != nothing ? ends.root(pass.middle, places[lane].frequency + k * pass.middle_step)
                                              : ends.root(pass.spectrum, k);
      C& point = points[at(lane, k)];
      point = exchanged(times(point, factor));
    }
    __syncthreads();
  }

  __device__ void drain() const {
    const std::uint32_t results = pass.pairs ? pass.points + 1 : pass.points;
    for (std::uint32_t i = threadIdx.x; i < results << pass.lane_shift; i += blockDim.x) {
      std::uint32_t lane, k;
      split(i, pass.across_out, results, pass.by_results, lane, k);
      const LinePlace place = places[lane];
      if (!place.there) continue;
      if (!pass.pairs) {
        emit(place, lane, k);
        continue;
      }
      const std::uint32_t own = k == pass.points ? 0 : k, mirror = k == 0 ? 0 : pass.points - k;
      ends.sink(place.out, k, ends.unpaired(k, result(lane, own), result(lane, mirror)));
    }
  }
};

// The positions of this block's lines.
template <bool Plain>
__device__ __forceinline__ void place_lines(const Pass& pass, LinePlace* places) {
  for (std::uint32_t lane = threadIdx.x; lane < pass.lanes; lane += blockDim.x) {
    const std::uint32_t line = blockIdx.x * pass.lanes + lane;
    LinePlace place{};
    place.there = line < pass.lines;
    std::uint32_t rest = place.there ? line : 0;
    for (std::uint32_t i = 0; i < pass.loops; i++) {
      const Loop& loop = pass.loop[i];
      const std::uint32_t next = rest / loop.count, index = rest - next * loop.count;
      rest = next;
      place.in += index * loop.in;
      place.out += index * loop.out;
      place.in_index += index * loop.in_index;
      place.out_index += index * loop.out_index;
      place.a += index * loop.a;
      place.b += index * loop.b;
      place.frequency += index * loop.frequency;
    }
    if (Plain) {
      place.in += std::uint64_t(place.in_index) * pass.in_stride;
      place.out += std::uint64_t(place.out_index) * pass.out_stride;
    }
    // A kernel of fixed.h reads and writes real lines as complex ones.
    if (pass.fixed != nothing && pass.source == Source::packed) place.in /= 2;
    if (pass.fixed != nothing && pass.sink == Sink::unpacked) place.out /= 2;
    places[lane] = place;
  }
}

// Full blocks that a multiprocessor should hold: as many as the compiler can do without spilling. A multiprocessor of
// 7.5 has 1024 threads.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
constexpr unsigned max_resident = 2;
#else
constexpr unsigned max_resident = 3;
#endif
template <class T, bool Plain, bool PowersOfTwo>
constexpr unsigned resident = PowersOfTwo && (Plain || sizeof(T) == 8) ? max_resident : 2;

template <class T, bool Plain, bool PowersOfTwo>
__global__ void __launch_bounds__(capacity<T> / elements_a_thread, (resident<T, Plain, PowersOfTwo>))
    transform_lines(const __grid_constant__ Pass pass, const void* in, void* out, const Complex<T>* roots, T scale) {
  using C = Complex<T>;
  EWALD_DYNAMIC_SHARED(C, points);
  // Placed after the numbers, for the actual number of lines: space for the maximum would cost one block of five.
  LinePlace* const places = reinterpret_cast<LinePlace*>(points + pass.held);
  place_lines<Plain>(pass, places);
  __syncthreads();
  const Ends<T> ends{pass, in, out, roots, scale};
  const Block<T, Plain> block{pass, ends, points, places};
  if constexpr (Plain) {
    block.template transform<PowersOfTwo>();
  } else {
    block.fill();
    block.template transform<PowersOfTwo>();
    if (pass.spectrum != nothing || pass.middle != nothing) {
      block.multiply();
      block.template transform<PowersOfTwo>();
    }
    block.drain();
  }
}

}  // namespace ewald::cuda::fft
