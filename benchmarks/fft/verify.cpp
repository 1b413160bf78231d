// Checks the FFT core against a direct long double transform for every length, prime, layout, kind and scale. Needs no
// other library.
//
//   verify [few|quick|full]      exit status 1 when a bound is broken
//
// Bounds: the relative L2 error is at most 2 u sqrt(log2 N + 1), u = 2^-24 or 2^-53. The worst element, relative to the
// root mean square of the result, is at most twice that, or four times that for many lines or real kinds. Errors are
// distributed approximately normally, and the largest of M such complex numbers is near sqrt(ln M), that of M real ones
// near sqrt(2 ln M) times their root mean square: 2.6 for a line of 1000, 4.3 for the 10000 reals of the largest arrays
// here. These would exceed four times the bound if the L2 error were equal to its own bound, but it is near 0.6.
// Lengths that use Bluestein's convolution (two transforms and three products of at least twice the length) may have
// four times as much of both.
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "common/memory.h"
#include "ewald.h"

namespace {

#if defined(__EMSCRIPTEN__) || defined(__aarch64__)
using Real = double;                   // 128-bit long double is emulated in software there: a thousand times slower
constexpr double reference_error = 8;  // units of 2^-53 by which the direct sum in double may itself be wrong
#else
using Real = long double;
constexpr double reference_error = 0;
#endif
using Wide = std::complex<Real>;
constexpr Real pi = 3.141592653589793238462643383279502884L;
int failures = 0, checks = 0;
double worst_l2 = 0, worst_single = 0, worst_many = 0;  // over their bounds
bool quick = false, few = false;                        // few: for an emulator

uint64_t state = 42;
double uniform() {
  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return double(state >> 11) / 9007199254740992.0 - 0.5;
}

template <class T>
constexpr uint32_t precision = sizeof(T) == 8 ? EWALD_FFT_PRECISION_F64 : EWALD_FFT_PRECISION_F32;
template <class T>
constexpr double unit_roundoff = sizeof(T) == 8 ? 0x1p-53 : 0x1p-24;

bool smooth(size_t n) {
  for (size_t p : {2, 3, 5, 7, 11, 13})
    while (n % p == 0) n /= p;
  return n == 1;
}

// The direct transform, by the definition.
std::vector<Wide> direct(const std::vector<Wide>& x, int sign) {
  const size_t n = x.size();
  static std::vector<Wide> root;
  static int root_sign = 0;
  std::vector<Wide> y(n);
  if (root.size() != n || root_sign != sign) {
    root.resize(n);
    root_sign = sign;
    for (size_t k = 0; k < n; k++) root[k] = {std::cos(2 * pi * k / n), sign * std::sin(2 * pi * k / n)};
  }
  for (size_t k = 0; k < n; k++) {
    Wide sum = 0;
    size_t at = 0;
    for (size_t j = 0; j < n; j++) {
      sum += Wide(x[j].real() * root[at].real() - x[j].imag() * root[at].imag(),
                  x[j].real() * root[at].imag() + x[j].imag() * root[at].real());
      at += k;
      if (at >= n) at -= n;
    }
    y[k] = sum;
  }
  return y;
}

std::vector<Wide> direct_trig(const std::vector<Wide>& x, uint32_t kind) {
  const size_t n = x.size();
  std::vector<Wide> y(n);
  static std::vector<Real> matrix;
  static uint32_t matrix_kind = 9;
  const bool known = matrix.size() == n * n && matrix_kind == kind;
  matrix.resize(n * n);
  matrix_kind = kind;
  for (size_t k = 0; k < n; k++) {
    Wide sum = 0;
    for (size_t j = 0; j < n; j++) {
      Real w = matrix[k * n + j];
      if (known) {
        sum += w * x[j];
        continue;
      }
      const Real J = j, K = k, N = n;
      switch (kind) {
        case 0:
          w = j == 0 ? 1 : j == n - 1 ? (k % 2 ? -1 : 1) : 2 * std::cos(pi * J * K / (N - 1));
          break;
        case 1:
          w = 2 * std::cos(pi * (J + Real(0.5)) * K / N);
          break;
        case 2:
          w = j == 0 ? 1 : 2 * std::cos(pi * J * (K + Real(0.5)) / N);
          break;
        case 3:
          w = 2 * std::cos(pi * (J + Real(0.5)) * (K + Real(0.5)) / N);
          break;
        case 4:
          w = 2 * std::sin(pi * (J + 1) * (K + 1) / (N + 1));
          break;
        case 5:
          w = 2 * std::sin(pi * (J + Real(0.5)) * (K + 1) / N);
          break;
        case 6:
          w = j == n - 1 ? (k % 2 ? -1 : 1) : 2 * std::sin(pi * (J + 1) * (K + Real(0.5)) / N);
          break;
        case 7:
          w = 2 * std::sin(pi * (J + Real(0.5)) * (K + Real(0.5)) / N);
          break;
      }
      matrix[k * n + j] = w;
      sum += w * x[j];
    }
    y[k] = sum;
  }
  return y;
}

void judge(const char* what, double l2, double worst, double bound_l2, double bound_worst, bool many = false) {
  checks++;
  worst_l2 = std::fmax(worst_l2, l2 / bound_l2);
  double& element = many ? worst_many : worst_single;
  element = std::fmax(element, worst / bound_worst);
  if (!(l2 <= bound_l2) || !(worst <= bound_worst)) {
    if (failures++ < 40)
      std::printf("FAIL %s: relative L2 %.3g (bound %.3g), worst %.3g (bound %.3g)\n", what, l2, bound_l2, worst,
                  bound_worst);
  }
}

void require(bool ok, const char* what) {
  checks++;
  if (!ok && failures++ < 40) std::printf("FAIL %s (%s)\n", what, ewald_last_error());
}

// A full description of one case: logical shape, layout of both sides.
struct Case {
  ewald_fft_descriptor d;
  char name[200];
};

template <class T>
struct Guarded {
  std::vector<T> memory;
  size_t size;
  static constexpr size_t guard = 32;
  explicit Guarded(size_t n) : memory(n + 2 * guard, T(-7.25)), size(n) {}
  T* data() { return memory.data() + guard; }
  bool intact() const {
    for (size_t i = 0; i < guard; i++)
      if (memory[i] != T(-7.25) || memory[guard + size + i] != T(-7.25)) return false;
    return true;
  }
};

struct View {
  size_t rank, count[9], stride[9];  // dimension 0 the batch
  size_t elements() const {
    size_t n = 1;
    for (size_t d = 0; d < rank; d++) n *= count[d];
    return n;
  }
  size_t at(size_t i) const {
    size_t offset = 0;
    for (size_t d = rank; d-- > 0;) {
      offset += i % count[d] * stride[d];
      i /= count[d];
    }
    return offset;
  }
};

View view_of(const ewald_fft_descriptor& d, bool input) {
  const bool half = (d.kind == EWALD_FFT_KIND_R2C && !input) || (d.kind == EWALD_FFT_KIND_C2R && input);
  const bool real_half = (d.kind == EWALD_FFT_KIND_R2C && input) || (d.kind == EWALD_FFT_KIND_C2R && !input);
  View v = {};
  v.rank = d.rank + 1;
  v.count[0] = d.batch ? d.batch : 1;
  for (size_t i = 0; i < d.rank; i++) v.count[i + 1] = half && i == d.reduced ? d.shape[i] / 2 + 1 : d.shape[i];
  const uint32_t* given = input ? d.in_stride : d.out_stride;
  bool any = false;
  for (size_t i = 0; i < d.rank; i++) any = any || given[i];
  size_t stride = 1;
  for (size_t i = v.rank; i-- > 0;) {
    v.stride[i] = stride;
    size_t padded = v.count[i];
    if (i > 0 && (d.flags & 1) && real_half && i - 1 == d.reduced && d.reduced == d.rank - 1)
      padded = 2 * (v.count[i] / 2 + 1);
    stride *= padded;
  }
  if (any)
    for (size_t i = 0; i < d.rank; i++) v.stride[i + 1] = given[i];
  const uint32_t distance = input ? d.in_distance : d.out_distance;
  if (distance)
    v.stride[0] = distance;
  else if (any) {
    v.stride[0] = 1;
    for (size_t i = 1; i < v.rank; i++) v.stride[0] += (v.count[i] - 1) * v.stride[i];
  }
  return v;
}

// Runs one sign of the exponent and compares with the direct transform along every axis.
template <class T>
void run_case(const Case& c, uint32_t direction, uint32_t scale, bool user_workspace = false) {
  ewald_fft_descriptor d = c.d;
  d.precision = precision<T>;
  if (user_workspace) d.flags |= EWALD_FFT_FLAG_USER_WORKSPACE;
  char what[300];
  std::snprintf(what, sizeof what, "%s f%d %s scale %u flags %u", c.name, int(8 * sizeof(T)),
                direction ? "backward" : "forward", scale, d.flags);
  const size_t before = ewald_live_bytes();
  ewald_fft* plan = nullptr;
  if (ewald_fft_create(&d, &plan) != 0) return require(false, what);
  require(ewald_live_bytes() - before == ewald_fft_bytes(plan), "bytes of the handle");
  size_t sizes[3];
  ewald_fft_sizes(plan, &sizes[0], &sizes[1], &sizes[2]);

  const bool reads_input = (d.kind == EWALD_FFT_KIND_C2R) == (direction == 1);
  const bool real_in =
      d.kind == EWALD_FFT_KIND_R2C || d.kind == EWALD_FFT_KIND_REAL_C2C || d.kind == EWALD_FFT_KIND_R2R;
  const bool real_out = d.kind == EWALD_FFT_KIND_C2R || d.kind == EWALD_FFT_KIND_R2R;
  const bool source_real = reads_input ? real_in : real_out, target_real = reads_input ? real_out : real_in;
  const View from = view_of(d, reads_input), to = view_of(d, !reads_input);
  const size_t from_size = reads_input ? sizes[0] : sizes[1], to_size = reads_input ? sizes[1] : sizes[0];
  const bool in_place = d.flags & 1;
  const size_t from_numbers = from_size * (source_real ? 1 : 2), to_numbers = to_size * (target_real ? 1 : 2);
  Guarded<T> a(in_place && to_numbers > from_numbers ? to_numbers : from_numbers), b(in_place ? 1 : to_numbers);
  T* in = a.data();
  T* out = in_place ? in : b.data();

  // Logical array over the full shape, batch first.
  View full = from;
  for (size_t i = 0; i < d.rank; i++) full.count[i + 1] = d.shape[i];
  const size_t n = full.elements();
  std::vector<Wide> x(n);
  const bool half_in = source_real == false && from.elements() != n;
  const bool halves = d.kind == EWALD_FFT_KIND_R2C || d.kind == EWALD_FFT_KIND_C2R;
  if (halves && direction == 1) {
    // A spectrum with the symmetry of a real array: the transform of random real numbers over the transformed axes.
    for (Wide& v : x) v = uniform();
  } else {
    for (Wide& v : x) v = source_real ? Wide(uniform(), 0) : Wide(uniform(), uniform());
  }
  auto along = [&](std::vector<Wide>& data, const View& shape, bool forward_sign) {
    size_t inner = 1;
    for (size_t dim = shape.rank; dim-- > 1;) {
      const size_t len = shape.count[dim];
      if (d.axes == 0 || (d.axes >> (dim - 1) & 1)) {
        const size_t outer = data.size() / (len * inner);
        std::vector<Wide> line(len);
        for (size_t o = 0; o < outer; o++)
          for (size_t q = 0; q < inner; q++) {
            for (size_t j = 0; j < len; j++) line[j] = data[(o * len + j) * inner + q];
            uint32_t kind = d.axis_kind[dim - 1];
            if (direction == 1 && d.kind == EWALD_FFT_KIND_R2R) {
              const uint32_t inverse[8] = {0, 2, 1, 3, 4, 6, 5, 7};
              kind = inverse[kind];
            }
            line = d.kind == EWALD_FFT_KIND_R2R ? direct_trig(line, kind) : direct(line, forward_sign ? -1 : 1);
            for (size_t j = 0; j < len; j++) data[(o * len + j) * inner + q] = line[j];
          }
      }
      inner *= len;
    }
  };
  if (halves && direction == 1) along(x, full, true);
  for (size_t i = 0; i < from.elements(); i++) {
    // index in the full array
    size_t rest = i, index = 0, factor = 1;
    for (size_t dim = from.rank; dim-- > 0;) {
      index += rest % from.count[dim] * factor;
      factor *= full.count[dim];
      rest /= from.count[dim];
    }
    const size_t at = from.at(i);
    // the transform receives the rounded number
    if (source_real) {
      in[at] = T(x[index].real());
      x[index] = in[at];
    } else {
      in[2 * at] = T(x[index].real());
      in[2 * at + 1] = T(x[index].imag());
      if (!halves) x[index] = Wide(in[2 * at], in[2 * at + 1]);
    }
  }
  (void)half_in;
  std::vector<T> kept(in, in + from_numbers);
  along(x, full, direction == 0);

  std::vector<T> own(user_workspace ? 2 * sizes[2] : 0, T(NAN));  // the previous content must not matter
  // `direction` above is the sign of the exponent; the library's forward reads the input side, which for c2r is the
  // spectrum.
  const uint32_t way = reads_input ? EWALD_FFT_DIRECTION_FORWARD : EWALD_FFT_DIRECTION_BACKWARD;
  const int32_t status = ewald_fft_execute(plan, way, in, out, user_workspace ? own.data() : nullptr, scale);
  require(status == 0, what);
  double logical = 1;
  for (size_t i = 0; i < d.rank; i++)
    if (d.axes == 0 || (d.axes >> i & 1)) {
      double length = d.shape[i];
      if (d.kind == EWALD_FFT_KIND_R2R)
        length = 2 * (d.axis_kind[i] == 0 ? length - 1 : d.axis_kind[i] == 4 ? length + 1 : length);
      logical *= length;
    }
  const Real factor = scale == 1 ? 1 / Real(logical) : scale == 2 ? 1 / std::sqrt(Real(logical)) : 1;

  Real error2 = 0, norm2 = 0, worst = 0;
  for (size_t i = 0; i < to.elements(); i++) {
    size_t rest = i, index = 0, f = 1;
    for (size_t dim = to.rank; dim-- > 0;) {
      index += rest % to.count[dim] * f;
      f *= full.count[dim];
      rest /= to.count[dim];
    }
    const size_t at = to.at(i);
    const Wide got = target_real ? Wide(out[at], 0) : Wide(out[2 * at], out[2 * at + 1]);
    Wide want = factor * x[index];
    if (target_real) want = want.real();
    const Real e = std::norm(got - want);
    error2 += e;
    norm2 += std::norm(want);
    if (e > worst) worst = e;
    if (!(e == e)) worst = INFINITY;
  }
  require(a.intact() && b.intact(), "guard words");
  if (!in_place) require(std::memcmp(kept.data(), in, kept.size() * sizeof(T)) == 0, "input kept");
  bool bluestein = false;
  for (size_t i = 0; i < d.rank; i++) {
    size_t len = d.shape[i];
    if (d.kind == EWALD_FFT_KIND_R2R && d.axis_kind[i] == 0) len = len - 1;
    if (d.kind == EWALD_FFT_KIND_R2R && d.axis_kind[i] == 4) len = len + 1;
    bluestein = bluestein || !smooth(len);
  }
  double base = unit_roundoff<T> * std::sqrt(std::log2(logical) + 1);
  if (sizeof(T) == 8) base += reference_error * 0x1p-53 * std::sqrt(logical);
  const double start = bluestein ? 8 : 2;
  const double norm = std::sqrt(double(norm2)), rms = norm / std::sqrt(double(to.elements()));
  const bool many = d.kind != EWALD_FFT_KIND_C2C || to.elements() != d.shape[0];
  judge(what, norm > 0 ? std::sqrt(double(error2)) / norm : 0, rms > 0 ? std::sqrt(double(worst)) / rms : 0,
        start * base, (many ? 4 : 2) * start * base, many);
  ewald_fft_destroy(plan);
  require(ewald_live_bytes() == before, "memory given back");
}

Case make(uint32_t kind, std::initializer_list<uint32_t> shape, uint32_t axes = 0, uint32_t batch = 1) {
  Case c = {};
  c.d.kind = kind;
  c.d.axes = axes;
  c.d.batch = batch;
  c.d.threads = 1;
  static const char* names[] = {"c2c", "r2c", "c2r", "real_c2c", "r2r"};
  int at = std::snprintf(c.name, sizeof c.name, "%s ", names[kind]);
  for (uint32_t n : shape) {
    c.d.shape[c.d.rank++] = n;
    at += std::snprintf(c.name + at, sizeof c.name - size_t(at), c.d.rank > 1 ? "x%u" : "%u", n);
  }
  std::snprintf(c.name + at, sizeof c.name - size_t(at), " axes 0x%x batch %u", axes, batch);
  c.d.reduced = c.d.rank - 1;
  if (axes)
    while (!(axes >> c.d.reduced & 1)) c.d.reduced--;
  return c;
}

template <class T>
void both(const Case& c) {
  run_case<T>(c, 0, 0);
  run_case<T>(c, 1, 1);
}

template <class T>
void lengths() {
  const uint32_t last = few ? 70 : quick ? 300 : 2048;
  for (uint32_t n = 1; n <= last; n++) {
    both<T>(make(EWALD_FFT_KIND_C2C, {n}));
    if (n <= 300 || n % 7 == 0) {
      both<T>(make(EWALD_FFT_KIND_R2C, {n}));
      both<T>(make(EWALD_FFT_KIND_C2C, {n, 3}, 1));
    }
    if (n <= 130) {
      both<T>(make(EWALD_FFT_KIND_C2C, {19, n}, 2));
      both<T>(make(EWALD_FFT_KIND_C2C, {n, 37}, 1));
      both<T>(make(EWALD_FFT_KIND_R2C, {n, 37}, 1));
      both<T>(make(EWALD_FFT_KIND_R2C, {37, n}, 2));
      both<T>(make(EWALD_FFT_KIND_REAL_C2C, {n, 21}));
      for (uint32_t k = 0; k < 8; k++) {
        if (k == 0 && n < 2) continue;
        Case c = make(EWALD_FFT_KIND_R2R, {n});
        c.d.axis_kind[0] = k;
        std::snprintf(c.name, sizeof c.name, "r2r kind %u n %u", k, n);
        both<T>(c);
        c = make(EWALD_FFT_KIND_R2R, {n, 35}, 1);
        c.d.axis_kind[0] = k;
        std::snprintf(c.name, sizeof c.name, "r2r kind %u n %u x 35", k, n);
        both<T>(c);
      }
    }
  }
  if (few) return both<T>(make(EWALD_FFT_KIND_C2C, {1009}));
  for (uint32_t n : {2520u, 3125u, 4096u, 3000u, 4093u, 4999u, 5000u, 8192u, 6561u})
    both<T>(make(EWALD_FFT_KIND_C2C, {n}));
  if (quick) return;
  for (uint32_t n = 2049; n <= 5000; n++) {
    bool prime = true;
    for (uint32_t p = 2; p * p <= n; p++) prime = prime && n % p != 0;
    if (prime) both<T>(make(EWALD_FFT_KIND_C2C, {n}));
  }
  for (uint32_t n : {16384u, 14641u, 16000u, 20011u}) both<T>(make(EWALD_FFT_KIND_C2C, {n}));
}

template <class T>
void shapes() {
  struct Shape {
    std::initializer_list<uint32_t> n;
  };
  const Shape list[] = {{{5, 6, 7}},    {{6, 7, 5}},  {{9, 9, 9}},    {{19, 20, 21}},
                        {{16, 15, 15}}, {{31, 31}},   {{10, 10}},     {{11, 12}},
                        {{7, 8, 9}},    {{1, 2, 3}},  {{3, 8, 5}},    {{32, 16}},
                        {{1, 1, 1}},    {{4, 1, 3}},  {{2, 3, 4, 5}}, {{2, 3, 2, 3, 2, 3, 2, 2}},
                        {{16, 64}},     {{64, 16}},   {{1, 128, 16}}, {{40, 33}},
                        {{6, 257}},     {{4, 3, 137}}};
  for (const Shape& s : list) {
    const uint32_t rank = uint32_t(s.n.size());
    if (few && (rank > 3 || s.n.begin()[0] < 6)) continue;
    for (uint32_t axes = 1; axes < (1u << rank); axes++) {
      if (rank > 4 && axes % 37 != 0) continue;
      for (uint32_t kind = 0; kind < 5; kind++)
        for (uint32_t batch : {1u, 5u}) {
          Case c = make(kind, s.n, axes, batch);
          if (kind == EWALD_FFT_KIND_R2R) {
            for (uint32_t i = 0; i < rank; i++) c.d.axis_kind[i] = (i * 3 + 1 + axes) % 8;
            bool bad = false;
            for (uint32_t i = 0; i < rank; i++) bad = bad || (c.d.axis_kind[i] == 0 && c.d.shape[i] < 2);
            if (bad) continue;
          }
          if (kind == EWALD_FFT_KIND_R2C || kind == EWALD_FFT_KIND_C2R) {
            for (uint32_t r = 0; r < rank; r++)
              if (axes >> r & 1) {
                c.d.reduced = r;
                run_case<T>(c, 0, 0);
                run_case<T>(c, 1, 1, true);
              }
          } else {
            run_case<T>(c, 0, 2, true);
            run_case<T>(c, 1, 0);
          }
          // in place
          Case p = c;
          p.d.flags |= EWALD_FFT_FLAG_IN_PLACE;
          if (kind == EWALD_FFT_KIND_REAL_C2C) continue;
          if (kind == EWALD_FFT_KIND_R2C || kind == EWALD_FFT_KIND_C2R) {
            if ((axes >> (rank - 1) & 1) == 0) continue;
            p.d.reduced = rank - 1;
          }
          run_case<T>(p, 0, 0);
          run_case<T>(p, 1, 1);
        }
    }
    // Storage orders: every rotation and the reverse, on either side.
    if (rank > 3) continue;
    for (uint32_t kind = 0; kind < 5; kind++)
      for (uint32_t turn = 0; turn < 2 * rank * 2; turn++) {
        Case c = make(kind, s.n);
        if (kind == EWALD_FFT_KIND_R2R)
          for (uint32_t i = 0; i < rank; i++) c.d.axis_kind[i] = 1 + (i + turn) % 3;
        if (kind == EWALD_FFT_KIND_R2C || kind == EWALD_FFT_KIND_C2R) c.d.reduced = turn % rank;
        c.d.batch = 2;
        for (int side = 0; side < 2; side++) {
          const View v = view_of(c.d, side == 0);
          uint32_t* stride = side == 0 ? c.d.in_stride : c.d.out_stride;
          uint32_t step = turn % 5 == 4 ? 2 : 1;
          for (uint32_t k = 0; k < rank; k++) {
            const uint32_t axis = side == 0 ? (turn + k) % rank : (turn / 2 + rank - k) % rank;
            stride[axis] = step;
            step *= uint32_t(v.count[axis + 1]) + (turn == 3 ? 1 : 0);
          }
        }
        char* end = c.name + std::strlen(c.name);
        std::snprintf(end, 60, " order %u", turn);
        run_case<T>(c, 0, 0);
        run_case<T>(c, 1, 2);
        if (kind == EWALD_FFT_KIND_C2C || kind == EWALD_FFT_KIND_R2R) {
          c.d.batch = 1;
          c.d.flags |= EWALD_FFT_FLAG_IN_PLACE;
          run_case<T>(c, 0, 0);
          run_case<T>(c, 1, 0);
        }
      }
  }
  // Interleaved batches, threads.
  for (uint32_t threads : {1u, 3u}) {
    Case c = make(EWALD_FFT_KIND_C2C, {24, 20}, 0, 33);
    c.d.threads = threads;
    c.d.in_stride[0] = 20 * 33, c.d.in_stride[1] = 33, c.d.in_distance = 1;
    both<T>(c);
    c = make(EWALD_FFT_KIND_C2C, {24, 20, 30}, 0, 3);
    c.d.threads = threads;
    both<T>(c);
    c = make(EWALD_FFT_KIND_R2C, {24, 20, 30}, 0, 3);
    c.d.threads = threads;
    both<T>(c);
    c = make(EWALD_FFT_KIND_C2C, {5003});
    c.d.threads = threads;
    both<T>(c);
    c = make(EWALD_FFT_KIND_C2C, {3125});
    c.d.threads = threads;
    both<T>(c);
  }
}

// Long lines: forward and backward together are the identity, and an impulse has a known transform.
template <class T>
void long_lines() {
  for (uint32_t n : few ? std::vector<uint32_t>{65536, 45361}
                        : std::vector<uint32_t>{65536u, 45360u, 1u << 20, 100003u, 59049u, 1000000u, 3u << 17}) {
    ewald_fft_descriptor d = {};
    d.rank = 1;
    d.shape[0] = n;
    d.precision = precision<T>;
    d.threads = 1;
    ewald_fft* plan = nullptr;
    if (ewald_fft_create(&d, &plan) != 0) return require(false, "long line");
    std::vector<T> x(2 * n), y(2 * n), z(2 * n);
    const size_t at = n / 3 + 5;
    x[2 * at] = 1;
    ewald_fft_execute(plan, 0, x.data(), y.data(), nullptr, 0);
    Real error2 = 0;
    for (uint64_t k = 0; k < n; k++) {
      const Real phase = -2 * pi * Real(k * at % n) / n;
      error2 += std::norm(Wide(y[2 * k], y[2 * k + 1]) - Wide(std::cos(phase), std::sin(phase)));
    }
    const double bound = (smooth(n) ? 2 : 8) * unit_roundoff<T> * std::sqrt(std::log2(double(n)) + 1);
    char what[100];
    std::snprintf(what, sizeof what, "impulse %u f%d", n, int(8 * sizeof(T)));
    judge(what, std::sqrt(double(error2) / n), 0, bound, 1);
    for (T& v : x) v = T(uniform());
    ewald_fft_execute(plan, 0, x.data(), y.data(), nullptr, 0);
    ewald_fft_execute(plan, 1, y.data(), z.data(), nullptr, 1);
    Real e = 0, s = 0, power = 0;
    for (size_t i = 0; i < 2 * size_t(n); i++) {
      e += (z[i] - x[i]) * Real(z[i] - x[i]);
      s += x[i] * Real(x[i]);
      power += y[i] * Real(y[i]);
    }
    std::snprintf(what, sizeof what, "round trip %u f%d", n, int(8 * sizeof(T)));
    // the sums of squares are only as accurate as the arithmetic of the reference
    judge(what, std::sqrt(double(e / s)), std::fabs(double(power / n / s - 1)), 1.5 * bound,
          4 * bound + reference_error * 1e-13);
    ewald_fft_destroy(plan);
  }
}

void bad_input() {
  ewald_fft_descriptor d = {};
  ewald_fft* plan = nullptr;
  require(ewald_fft_create(&d, &plan) == EWALD_STATUS_INVALID_ARGUMENT, "rank 0");
  d.rank = 2;
  d.shape[0] = 4;
  require(ewald_fft_create(&d, &plan) == EWALD_STATUS_INVALID_ARGUMENT, "length 0");
  d.shape[1] = 4;
  d.axes = 4;
  require(ewald_fft_create(&d, &plan) == EWALD_STATUS_INVALID_ARGUMENT, "axis beyond the rank");
  d.axes = 1;
  d.kind = EWALD_FFT_KIND_R2C;
  d.reduced = 1;
  require(ewald_fft_create(&d, &plan) == EWALD_STATUS_INVALID_ARGUMENT, "reduced axis not transformed");
  d.kind = 9;
  require(ewald_fft_create(&d, &plan) == EWALD_STATUS_INVALID_ARGUMENT, "kind");
  d.kind = 0;
  d.axes = 0;
  for (uint32_t& n : d.shape) n = 0xffffffffu;
  d.rank = 8;
  require(ewald_fft_create(&d, &plan) == EWALD_STATUS_LIMIT, "too large");
  d = {};
  d.rank = 1;
  d.shape[0] = 16;
  d.flags = EWALD_FFT_FLAG_USER_WORKSPACE;
  d.threads = 1;
  require(ewald_fft_create(&d, &plan) == 0, "plan");
  float x[64] = {};
  require(ewald_fft_execute(plan, 0, x, x + 32, nullptr, 0) == EWALD_STATUS_INVALID_ARGUMENT, "workspace missing");
  float work[4096];
  require(ewald_fft_execute(plan, 0, x, x + 8, work, 0) == EWALD_STATUS_INVALID_ARGUMENT, "overlap");
  require(ewald_fft_execute(plan, 0, x, x + 32, work, 0) == 0, "run");
  ewald_fft_destroy(plan);
}

void tell(const char* done) {
  std::printf(
      "%s: %s, %d checks, %d failures; of their bounds: L2 %.2f, worst element of a line %.2f, of many lines or real "
      "kinds %.2f\n",
      ewald_instruction_set(), done, checks, failures, worst_l2, worst_single, worst_many);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  few = argc > 1 && std::strcmp(argv[1], "few") == 0;
  quick = few || (argc > 1 && std::strcmp(argv[1], "quick") == 0);
  bad_input();
  shapes<float>();
  shapes<double>();
  tell("shapes");
  long_lines<float>();
  long_lines<double>();
  tell("long lines");
  lengths<float>();
  lengths<double>();
  require(ewald_live_bytes() == 0, "nothing left");
  tell("all");
  return failures != 0;
}
