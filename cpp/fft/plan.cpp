// Turns a problem into passes: the order of the axes, the buffer that each pass reads and writes, and the lines that
// share a block.
#include "fft/plan.h"

#include "fft/factor.h"
#include "fft/twiddles.h"

namespace ewald::fft {
namespace {

// A sub-array of this size stays in the second-level cache while its passes run in sequence.
constexpr size_t resident_bytes = 640 * 1024;

// Rows of scratch of contiguous real lines.
constexpr size_t narrow_bytes = 128;

// Results are stored past the cache from this many bytes on, although the third-level cache could hold them. (128^3 in
// single precision is the least that was measured to real numbers. Columns of 128 x 64 x 128, 8 MiB, take 0.74 of the
// time, those of 112 x 56 x 112, 5.4 MiB, 0.82, but what reads them next takes longer by as much.)
constexpr size_t past_bytes = 8 * 1024 * 1024;

// The same where the passes of a plane hand it to each other. (16 x 256 x 256, 8 MiB, takes as long either way; 128^3
// does not.)
constexpr size_t past_plane_bytes = 16 * 1024 * 1024;

size_t max(size_t a, size_t b) { return a > b ? a : b; }
size_t min(size_t a, size_t b) { return a < b ? a : b; }

size_t bytes_of(const Side& side, size_t number) { return side.size * (side.complex ? 2 : 1) * number; }

using What = Tables::What;

struct Step {
  uint32_t dim;
  Task task;
};

struct Layout {
  Buffer buffer;
  bool complex;
  size_t stride[max_dims];
};

// Neighbouring lines: the offset of the next line of a block.
struct Lanes {
  uint32_t dim;
  size_t count, in, out;
};

// Dimensions that follow each other without a gap count as one.
void collapse(Lanes& lanes, uint32_t dims, const size_t* count, const Layout& in, const Layout& out, uint32_t& open) {
  for (bool again = true; again;) {
    again = false;
    for (uint32_t d = 0; d < dims; d++)
      if ((open >> d & 1) != 0 && in.stride[d] == lanes.in * lanes.count && out.stride[d] == lanes.out * lanes.count) {
        lanes.count *= count[d];
        open &= ~(1u << d);
        again = true;
      }
  }
}

// How well a dimension serves as lanes: vector loads and stores first, then enough lines to fill the vectors.
double fitness(const Lanes& lanes, size_t line_in, size_t line_out, size_t width) {
  double score = lanes.count >= width ? 4 : 4 * double(lanes.count) / double(width);
  if (lanes.in == 1 || line_in == 1) score += 2;
  if (lanes.out == 1 || line_out == 1) score += 2;
  if (lanes.in == 1) score += 0.5;
  if (lanes.out == 1) score += 0.5;
  return score;
}

bool is_one(Trig kind) { return kind == Trig::dct1 || kind == Trig::dst1; }
bool is_four(Trig kind) { return kind == Trig::dct4 || kind == Trig::dst4; }

// The tables of isa/trig.cpp.
template <class T>
const T* trig_table(Trig kind, size_t n, Store& store) {
  const bool four = is_four(kind), one = is_one(kind);
  const size_t half = trig_points(kind, n);
  Store temporary;
  const Twiddles twiddles(one ? 2 * uint64_t(half) : (four ? 16 : 8) * uint64_t(n), temporary);
  if (!packs(kind, n)) {
    T* table = store.take<T>((four ? 4 : 2) * n);
    if (table == nullptr || !twiddles.ok()) return nullptr;
    for (uint64_t k = 0; k < n; k++) twiddles.get(four ? 4 * k + 2 : 2 * k, table + 2 * k);
    if (four)
      for (uint64_t m = 0; m < n; m++) twiddles.get(8 * m, table + 2 * (n + m));
    return table;
  }
  T* table = store.take<T>(one ? 2 * (half / 2 + 1) : four ? 2 * half : 6 * (half / 2 + 1));
  if (table == nullptr || !twiddles.ok()) return nullptr;
  if (four) {
    for (uint64_t k = 0; k < half; k++) twiddles.get(8 * k + 1, table + 2 * k);
    return table;
  }
  for (uint64_t k = 0; k <= half / 2; k++) {
    if (one) {
      twiddles.get(k, table + 2 * k);
      continue;
    }
    twiddles.get(2 * k, table + 6 * k);
    twiddles.get(2 * (half - k), table + 6 * k + 2);
    twiddles.get(8 * k, table + 6 * k + 4);
  }
  return table;
}

// Roots of isa/trig_line.cpp one by one, k to n / 2: exp(-i pi k / 2n) of the kinds II and III; of kind IV the table of
// the same kind across lines, or of odd lines exp(-i pi (2 k + 1) / 4n) and then exp(-i pi k / n).
template <class T>
const T* turn_table(Trig kind, size_t n, Store& store) {
  const bool four = is_four(kind);
  if (four && packs(kind, n)) return trig_table<T>(kind, n, store);
  const size_t half = n / 2 + 1;
  T* table = store.take<T>((four ? 4 : 2) * half);
  Store temporary;
  const Twiddles twiddles(8 * uint64_t(n), temporary);
  if (table == nullptr || !twiddles.ok()) return nullptr;
  for (uint64_t k = 0; k < half; k++) twiddles.get(four ? 2 * k + 1 : 2 * k, table + 2 * k);
  if (four)
    for (uint64_t m = 0; m < half; m++) twiddles.get(4 * m, table + 2 * (half + m));
  return table;
}

// The kinds whose tables are equal, for which they are made once.
uint32_t table_kind(Trig kind) { return is_four(kind) ? 2 : is_one(kind) ? 1 : 0; }

// Roots 0 .. n / 4 one by one, then the roots from 1 on as vectors, as half_after reads them.
template <class T>
const T* half_table(size_t n, uint32_t lanes, Store& store) {
  const size_t vectors = n / 4 / lanes + 1;
  T* table = store.take<T>(2 * (n / 4 + 1) + vectors * 2 * lanes);
  Store temporary;
  const Twiddles twiddles(n, temporary);
  if (table == nullptr || !twiddles.ok()) return nullptr;
  for (size_t k = 0; k <= n / 4; k++) twiddles.get(k, table + 2 * k);
  T* w = table + 2 * (n / 4 + 1);
  for (size_t v = 0; v < vectors; v++, w += 2 * lanes)
    for (uint32_t l = 0; l < lanes; l++) {
      T root[2];
      twiddles.get(1 + v * lanes + lane_column<T>(l, lanes), root);
      w[l] = root[0];
      w[lanes + l] = root[1];
    }
  return table;
}

// Whether the last pass of a row can do the half-length trick: it takes its points two vectors at a time, one from
// either end.
template <class T>
bool folds(const Line<T>& line) {
  if (line.engine->real_row == nullptr || line.how != Line<T>::How::row || line.row.stages == 0) return false;
  const Stage<T>& last = line.row.stage[line.row.stages - 1];
  return last.s % 2 == 0 && (last.radix == 2 || last.radix == 4);
}

// Roots of 2 n as `real_row` reads them: of each vector of the first half of the points, for each result; then of the
// point in the middle.
template <class T>
const T* fold_table(const Line<T>& line, Store& store) {
  const Stage<T>& last = line.row.stage[line.row.stages - 1];
  const size_t lanes = line.engine->lanes, points = last.s * lanes;
  T* table = store.take<T>(last.s / 2 * last.radix * 2 * lanes + 2 * last.radix);
  Store temporary;
  const Twiddles twiddles(2 * line.n, temporary);
  if (table == nullptr || !twiddles.ok()) return nullptr;
  T* w = table;
  for (size_t q = 0; q < last.s / 2; q++)
    for (size_t j = 0; j < last.radix; j++, w += 2 * lanes)
      for (uint32_t l = 0; l < lanes; l++) {
        T root[2];
        twiddles.get(j * points + q * lanes + lane_column<T>(l, uint32_t(lanes)), root);
        w[l] = root[0];
        w[lanes + l] = root[1];
      }
  for (size_t j = 0; j < last.radix; j++, w += 2) twiddles.get(j * points + points / 2, w);
  return table;
}

template <class T>
struct Builder {
  const Problem& problem;
  bool backward;
  const Engines<T>& engines;
  Store& store;
  Tables& tables;
  Program<T>& program;
  uint32_t dims;
  size_t bytes;              // of the target
  size_t current[max_dims];  // extents of the array that the next pass reads

  bool add(const Step& step, const Layout& in, const Layout& out, const Window& from, const Window& to,
           uint32_t shared);
  void choose_lanes(Pass<T>& pass, const size_t* other, const Layout& in, const Layout& out, uint32_t open);
  bool choose_kernel(Pass<T>& pass, size_t all_lines);
};

// Loops are ordered from the largest step of the target to the smallest.
template <class T>
void add_loop(Pass<T>& pass, Loop loop) {
  uint32_t at = pass.loops++;
  for (; at > pass.shared && pass.loop[at - 1].out < loop.out; at--) pass.loop[at] = pass.loop[at - 1];
  pass.loop[at] = loop;
}

// Picks the dimension among `open` whose lines share a block, and the loops over the rest.
template <class T>
void Builder<T>::choose_lanes(Pass<T>& pass, const size_t* other, const Layout& in, const Layout& out, uint32_t open) {
  Lanes best = {dims, 1, 1, 1};
  double best_score = -1;
  uint32_t best_open = open;
  for (uint32_t d = dims; d-- > 0;) {
    if ((open >> d & 1) == 0) continue;
    Lanes lanes = {d, other[d], in.stride[d], out.stride[d]};
    uint32_t rest = open & ~(1u << d);
    collapse(lanes, dims, other, in, out, rest);
    const double score = fitness(lanes, pass.line_in, pass.line_out, engines.engine[0]->lanes);
    if (score > best_score) {
      best_score = score;
      best = lanes;
      best_open = rest;
    }
  }
  pass.lanes = best.count;
  pass.lane_in = best.in;
  pass.lane_out = best.out;
  const size_t numbers_in = pass.in_complex ? 2 : 1, numbers_out = pass.out_complex ? 2 : 1;
  for (uint32_t d = 0; d < dims; d++)
    if ((best_open >> d & 1) != 0) add_loop(pass, {other[d], in.stride[d] * numbers_in, out.stride[d] * numbers_out});
}

template <class T>
bool Builder<T>::choose_kernel(Pass<T>& pass, size_t all_lines) {
  using How = typename Pass<T>::How;
  const bool halves = pass.task == Task::r2c || pass.task == Task::c2r, pairs = halves || pass.task == Task::trig;
  const size_t n = pass.n;

  const bool trig = pass.task == Task::trig;
  pass.packed = halves ? n % 2 == 0 : trig && packs(pass.trig, n);

  // A line by itself, if it is long enough for its two kernels to pay off, or if there are too few lines to fill
  // vectors across. (100 x 100 lines of 64 on AVX2: 0.14 ms along, 0.15 ms across; of 32 with half the vector 0.28 ms
  // along, 0.14 ms across.) Vectors of half the width must be used in full and need lines twice as long: 128^3 on
  // AVX-512 takes 0.83 of the time along its lines of 128, but 64^3 takes 1.2 times as long along its lines of 64.
  // Sines and cosines go across where they can: their permutations are cheaper there. Lines of memory that are neither
  // contiguous nor side by side are copied first.
  const bool contiguous = pass.line_in == 1 && pass.line_out == 1,
             apart = (pass.line_in != 1 && pass.lane_in != 1) || (pass.line_out != 1 && pass.lane_out != 1);
  if (n > 1 && (pass.task == Task::c2c || halves || trig)) {
    const size_t line_length = trig ? trig_points(pass.trig, n) : pass.packed ? n / 2 : n;
    const bool few = all_lines < (pairs ? 2 : 1) * engines.engine[engines.count - 1]->lanes ||
                     (contiguous && line_length * sizeof(T) * 2 > 64 * 1024);
    const Line<T>* line =
        few || contiguous || apart
            ? tables.once<Line<T>>(What::line, line_length, 0, nullptr,
                                   [&] { return plan_line<T>(line_length, engines, problem.tune, store); })
            : nullptr;
    if (line == nullptr && !store.ok()) return false;
    const bool widest = line != nullptr && line->engine == engines.engine[0];
    // Real lines need not be as long where both passes of the row are done in registers: 128^3 on AVX2 takes 0.65 of
    // the time along its lines of 128, 256^3 on AVX-512 0.85 of the time along its lines of 256.
    const bool in_registers = pairs && line_length >= 64 && line != nullptr && line->row.stages == 0;
    const bool along = line != nullptr && (contiguous || apart) && line->how == Line<T>::How::row &&
                       (widest || line->engine->lanes * sizeof(T) >= 32) &&
                       (in_registers || line_length >= (pairs ? 2 : 1) * (widest ? 8 : 16) * line->engine->lanes);
    if ((few && (contiguous || line->how != Line<T>::How::lanes)) ||
        (along && (!trig || apart) && (!pairs || pass.packed))) {
      pass.how = How::lines;
      pass.line = line;
      pass.engine = line->engine;
      pass.work = line->work;
      const bool shared = shares_scratch(*line);
      if (halves && !(shared && !pass.packed)) pass.work += real_line_numbers(n);
      if (trig && !shared) pass.work += 2 * trig_line_numbers(line_length);
      if (!contiguous || !pass.in_window.all() || !pass.out_window.all()) pass.work += 2 * window_numbers(n);
      const size_t real = trig ? 2 * line_length : n;
      if (pass.packed && pass.trig != Trig::dct4 && pass.trig != Trig::dst4)
        pass.table = tables.once<T>(What::half, real, 0, line->engine,
                                    [&] { return half_table<T>(real, line->engine->lanes, store); });
      if (trig && pass.trig != Trig::dct1 && pass.trig != Trig::dst1)
        pass.turn = tables.once<T>(What::turn, n, table_kind(pass.trig), nullptr,
                                   [&] { return turn_table<T>(pass.trig, n, store); });
      if (pass.task == Task::r2c && n % 2 == 0 && folds(*line))
        pass.fold = tables.once<T>(What::fold, n, 0, line->engine, [&] { return fold_table<T>(*line, store); });
      program.extra = max(program.extra, line->per_thread);
      return store.ok();
    }
  }

  // The widest vectors that the lines fill, and whose squares contiguous packed lines fill. (1000 lines of 16 on
  // AVX-512 take 1.6 times as long number by number.)
  const bool squares = pass.packed && (pass.line_in == 1 || pass.line_out == 1);
  pass.engine = engines.engine[engines.count - 1];
  for (uint32_t e = engines.count; e-- > 0;)
    if (engines.engine[e]->lanes <= pass.lanes && (!squares || engines.engine[e]->lanes <= n / 2))
      pass.engine = engines.engine[e];
  const Engine<T>& engine = *pass.engine;
  const size_t w = engine.lanes;

  const size_t length = pass.task == Task::trig ? trig_points(pass.trig, n) : pass.packed ? n / 2 : n;
  if (pass.task == Task::copy) {
    pass.work = 2 * w;
  } else {
    // Rows of memory that are far apart and not in the cache. Where the results go to other memory, the last radix
    // would matter as much as the first, unless they are stored past the cache, as those in the workspace are.
    const bool same = pass.source == pass.target || problem.in_place;
    const bool past = engine.streams && (pass.target == Buffer::workspace || bytes >= past_bytes);
    const bool far = (same || past) && 2 * sizeof(T) * pass.line_in > resident_bytes / n;
    pass.column =
        tables.once<ColumnPlan<T>>(What::columns, length, uint32_t(far), &engine,
                                   [&] { return plan_columns<T>(length, engine, problem.tune, far, store); });
    if (pass.column == nullptr) return false;
  }
  if (pass.task == Task::trig)
    pass.table = tables.once<T>(What::trig, n, table_kind(pass.trig), nullptr,
                                [&] { return trig_table<T>(pass.trig, n, store); });

  if (halves && pass.packed)
    pass.table = tables.once<T>(What::half, n, 0, &engine, [&] { return half_table<T>(n, engine.lanes, store); });

  // A packed line has a row for two numbers, and its transform one row more; the width of a block follows from the
  // transform alone, or that row would halve it at 256 points. Half as many rows may be twice as wide.
  const size_t transformed = pass.column == nullptr ? 1 : pass.column->rows,
               real_rows = halves || pass.task == Task::trig ? (pass.packed ? (n + 1) / 2 : n) : 0;
  pass.rows = max(transformed, max(real_rows, pass.packed ? length + 1 : length));
  const size_t planes = pass.packed ? 2 : 1, all = (pass.lanes + w - 1) / w;
  size_t vectors = min(planes * block_vectors<T>(w, planes * transformed), all);
  // Contiguous real lines need no wide rows of memory, so their scratch may be small: 100^3 on AVX-512 takes 0.85 (r2c)
  // and 0.71 (c2r) of the time with one vector.
  if (halves && pass.line_in == 1 && pass.line_out == 1 && engine.largest >= 8)
    vectors = min(vectors, max(1, planes * narrow_bytes / (2 * w * sizeof(T))));
  // A last block of one partly filled vector would be slow, so blocks are made narrower instead.
  if (vectors > 1 && pass.lanes % w != 0)
    for (size_t v = vectors; v > 1; v--)
      if (all % v != 1) {
        vectors = v;
        break;
      }
  pass.vectors = uint32_t(vectors);
  pass.width = vectors * w;
  pass.blocks = (pass.lanes + pass.width - 1) / pass.width;
  // A 32-bit size could overflow.
  if (double(pass.rows) * double(vectors) * double(4 * w) > double(size_t(-1) / (2 * sizeof(T)))) return false;
  pass.work = 2 * pass.rows * vectors * 2 * w;
  const bool whole = pass.in_window.all() && pass.out_window.all();
  const bool plain = whole && pass.task == Task::c2c && pass.column->inner == nullptr && pass.column->stages > 0;
  pass.how = plain && pass.lane_in == 1 && pass.lane_out == 1 ? How::columns : How::lanes;
  return store.ok();
}

template <class T>
bool Builder<T>::add(const Step& step, const Layout& in, const Layout& out, const Window& from, const Window& to,
                     uint32_t shared) {
  Pass<T>& pass = program.pass[program.passes++];
  const uint32_t d = step.dim;
  pass.task = step.task;
  pass.source = in.buffer;
  pass.target = out.buffer;
  pass.backward = backward;
  pass.in_complex = in.complex;
  pass.out_complex = out.complex;
  pass.n = step.task == Task::copy ? 1 : problem.shape[d];
  pass.in_window = step.task == Task::copy ? Window{0, 1, 1} : from;
  pass.out_window = step.task == Task::copy ? Window{0, 1, 1} : to;
  pass.line_in = in.stride[d];
  pass.line_out = out.stride[d];
  pass.width = pass.blocks = 1;
  pass.vectors = 1;
  pass.lanes = 1;
  if (step.task == Task::trig) {
    pass.trig = problem.trig[d];
    if (backward) {
      if (pass.trig == Trig::dct2)
        pass.trig = Trig::dct3;
      else if (pass.trig == Trig::dct3)
        pass.trig = Trig::dct2;
      else if (pass.trig == Trig::dst2)
        pass.trig = Trig::dst3;
      else if (pass.trig == Trig::dst3)
        pass.trig = Trig::dst2;
    }
  }
  const size_t numbers_in = in.complex ? 2 : 1, numbers_out = out.complex ? 2 : 1;
  uint32_t open = 0;
  size_t all_lines = 1;
  size_t other[max_dims];
  for (uint32_t e = 0; e < dims; e++) {
    other[e] = current[e];
    if ((e == d && step.task != Task::copy) || other[e] == 1) continue;
    if ((shared >> e & 1) != 0)
      add_loop(pass, {other[e], in.stride[e] * numbers_in, out.stride[e] * numbers_out});
    else
      open |= 1u << e;
    all_lines *= other[e];
  }
  pass.shared = pass.loops;
  choose_lanes(pass, other, in, out, open);
  if (!choose_kernel(pass, all_lines)) return false;
  if (pass.how == Pass<T>::How::lines && pass.lanes > 1) {
    // One line at a time: the lanes become the innermost loop.
    add_loop(pass, {pass.lanes, pass.lane_in * numbers_in, pass.lane_out * numbers_out});
    pass.lanes = 1;
  }
  return true;
}

// Lines are fetched this many bytes ahead of the one that is transformed, if the array is larger than the cache.
constexpr size_t ahead_bytes = 8 * 1024;

template <class T>
void look_ahead(Pass<T>& pass, const Side& source) {
  if (pass.how != Pass<T>::How::lines || pass.line_in != 1 || pass.loops == 0 || !pass.engine->streams) return;
  const size_t line = pass.in_window.count * (pass.in_complex ? 2 : 1) * sizeof(T);
  if (line > ahead_bytes || bytes_of(source, sizeof(T)) <= resident_bytes) return;
  const size_t ahead = ahead_bytes / line;
  if (pass.loop[pass.loops - 1].count >= 2 * ahead) pass.ahead = ahead;
}

// Whether columns can be stored past the cache as they are: all rows of the result begin at the same place of a cache
// line, and the last block fills a vector.
template <class T>
bool fills_lines(const Pass<T>& pass) {
  return pass.how == Pass<T>::How::columns && pass.vectors >= 2 && pass.line_out * 2 * sizeof(T) % 64 == 0 &&
         pass.lanes - (pass.blocks - 1) * pass.width >= pass.engine->lanes;
}

template <class T>
void store_past(Pass<T>& pass) {
  pass.past = true;
  // Where the array does not begin with a cache line, the last block has one more vector.
  if (pass.how == Pass<T>::How::columns) pass.work += pass.work / pass.vectors;
  // A line is complete before any of it is stored.
  if (pass.how == Pass<T>::How::lines) pass.work += staged_numbers(pass.out_window.count * (pass.out_complex ? 2 : 1));
}

// Lets the passes of a group hand a plane to each other in memory of the thread, which stays in the cache, while the
// results are stored past the cache. Otherwise each line of the output is read before it is first written, and that
// takes the place of the lines that are fetched ahead. First group of 256^3 on AVX-512: 26 ms, 24 with either the plane
// or lines fetched ahead, 15 with both. `plane` is the layout of the array that the passes hand to each other, `count`
// its extents, and `bytes` the size of the target.
template <class T>
void keep_plane(Program<T>& program, const Layout& plane, const size_t* count, uint32_t dims, uint32_t shared,
                size_t bytes) {
  using How = typename Pass<T>::How;
  Group& group = program.group[program.groups - 1];
  Pass<T>* pass = program.pass + group.first;
  Pass<T>& last = pass[group.count - 1];
  if (group.count < 2 || group.repeats < 2 || !plane.complex || !last.engine->streams) return;
  size_t numbers = 1;
  for (uint32_t d = 0; d < dims; d++)
    if ((shared >> d & 1) == 0) numbers += (count[d] - 1) * plane.stride[d];
  if (numbers > resident_bytes / (2 * sizeof(T))) return;  // rows with gaps
  const bool columns = plane.buffer == Buffer::output && pass->source != last.target && fills_lines(last) &&
                       bytes >= past_plane_bytes;
  const bool lines = plane.buffer == Buffer::workspace && last.how == How::lines && last.line_out == 1 &&
                     bytes >= past_bytes;
  if (!columns && !lines) return;
  program.plane = (2 * numbers + 15) / 16 * 16;
  for (uint32_t k = 0; k < group.count; k++) {
    for (uint32_t i = 0; i < pass[k].shared; i++) {
      if (k > 0) pass[k].loop[i].in = 0;
      if (k + 1 < group.count) pass[k].loop[i].out = 0;
    }
    if (k > 0) pass[k].source = Buffer::plane;
    if (k + 1 < group.count) pass[k].target = Buffer::plane;
  }
  group.needs_lines = columns;
  store_past(last);
  if (lines) {
    size_t items = 1;
    for (uint32_t i = last.shared; i < last.loops; i++) items *= last.loop[i].count;
    last.fetch = (2 * numbers + items - 1) / items;
  }
}

// The radices of the last passes that end in vectors.
bool ends_in_vectors(uint32_t radix) { return radix <= 5 || radix == 8; }

// Whether neighbouring lines fill vectors. All passes over an array have their lanes along its contiguous dimension, so
// they then divide it into the same vectors.
template <class T>
bool fills_vectors(const Pass<T>& pass) {
  return pass.how == Pass<T>::How::columns && pass.lanes % pass.engine->lanes == 0 && pass.column->stages > 1;
}

template <class T>
bool gives_vectors(const Pass<T>& pass) {
  if (fills_vectors(pass))
    return pass.column->stage[0].radix <= 7 && ends_in_vectors(pass.column->stage[pass.column->stages - 1].radix);
  return pass.how == Pass<T>::How::lines && pass.task == Task::c2c && pass.line->how == Line<T>::How::row &&
         pass.line_in == 1 && pass.line_out == 1 &&
         pass.line->row.stages > 0 && pass.in_window.all() && pass.out_window.all() &&
         ends_in_vectors(pass.line->row.stage[pass.line->row.stages - 1].radix);
}

template <class T>
bool takes_vectors(const Pass<T>& pass) {
  return fills_vectors(pass) && pass.column->stage[0].radix == 4;
}

// Lets passes hand vectors to each other (see isa/vectors.cpp).
template <class T>
void keep_vectors(Program<T>& program) {
  for (uint32_t k = 0; k + 1 < program.passes; k++) {
    Pass<T>& pass = program.pass[k];
    Pass<T>& next = program.pass[k + 1];
    if (pass.engine->vector_columns != nullptr)
      pass.to_vectors = next.from_vectors = gives_vectors(pass) && takes_vectors(next);
  }
}

}  // namespace

template <class T>
bool build(const Problem& problem, bool backward, const Engines<T>& engines, Store& store, Tables& tables,
           Program<T>& program) {
  program = {};
  const uint32_t dims = problem.rank + 1;
  const bool reads_input = (problem.kind == EWALD_FFT_KIND_C2R) == backward;
  const Side &source = reads_input ? problem.input : problem.output,
             &target = reads_input ? problem.output : problem.input;

  // Dimensions from the fastest to the slowest of the target.
  uint32_t order[max_dims];
  for (uint32_t i = 0; i < dims; i++) {
    uint32_t at = i;
    const uint32_t d = dims - 1 - i;
    for (; at > 0 && target.stride[order[at - 1]] > target.stride[d]; at--) order[at] = order[at - 1];
    order[at] = d;
  }

  const bool halves = problem.kind == EWALD_FFT_KIND_R2C || problem.kind == EWALD_FFT_KIND_C2R;
  const bool trig = problem.kind == EWALD_FFT_KIND_R2R, widens = problem.kind == EWALD_FFT_KIND_REAL_C2C;
  const bool to_real = backward && (halves || widens);  // the last pass produces real numbers
  const uint32_t special = halves ? problem.reduced + 1 : dims;

  const size_t bytes = bytes_of(target, sizeof(T));
  Builder<T> builder = {problem, backward, engines, store, tables, program, dims, bytes, {}};
  size_t between[max_dims];  // largest extent of each dimension in an array between the passes
  bool shrinks = false;
  for (uint32_t d = 0; d < dims; d++) {
    builder.current[d] = source.count[d];
    between[d] =
        halves && d == special ? (to_real ? source.count[d] : target.count[d]) : max(source.count[d], target.count[d]);
    shrinks = shrinks || between[d] > target.count[d];
  }

  // The dimensions that stay in the cache.
  uint32_t resident = 0;
  size_t held = (trig ? 1 : 2) * sizeof(T);
  for (uint32_t i = 0; i < dims && held <= resident_bytes / between[order[i]]; i++) {
    held *= between[order[i]];
    resident |= 1u << order[i];
  }

  Step steps[max_dims];
  uint32_t count = 0;
  const bool special_resident = halves && (resident >> special & 1) != 0;
  const auto take = [&](bool inside) {
    for (uint32_t i = 0; i < dims; i++) {
      const uint32_t d = order[i];
      if (d == 0 || d == special || (problem.axes >> (d - 1) & 1) == 0 || ((resident >> d & 1) != 0) != inside)
        continue;
      if (problem.shape[d] == 1 && !widens && !trig) continue;
      steps[count++] = {d, trig ? Task::trig : Task::c2c};
    }
  };
  if (halves && !to_real) steps[count++] = {special, Task::r2c};
  if (to_real && special_resident) {
    take(false);
    take(true);
  } else {
    take(true);
    take(false);
  }
  if (halves && to_real) steps[count++] = {special, Task::c2r};
  if (widens) {
    if (to_real)
      steps[count - 1].task = Task::c2c_real;
    else
      steps[0].task = Task::real_c2c;
    // A transform of length 1 is needed only if it changes the type.
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
      if (steps[i].task != Task::c2c || problem.shape[steps[i].dim] > 1) steps[kept++] = steps[i];
    count = kept;
  }
  if (count == 0) steps[count++] = {order[0], Task::copy};

  // Buffers: intermediate arrays are kept in the output if they fit there.
  Layout in = {Buffer::input, source.complex, {}}, out = {Buffer::output, target.complex, {}}, middle = out;
  bool moved = false;
  for (uint32_t d = 0; d < dims; d++) {
    in.stride[d] = source.stride[d];
    out.stride[d] = middle.stride[d] = target.stride[d];
    moved = moved || (source.stride[d] != target.stride[d] && source.count[d] > 1);
  }
  const bool permutes = problem.in_place && !halves && moved;
  if (permutes && count == 1) steps[count++] = {order[0], Task::copy};
  if (((to_real || shrinks) && count > 1) || permutes) {
    middle.buffer = Buffer::workspace;
    middle.complex = !trig;
    size_t stride = 1;
    for (uint32_t i = 0; i < dims; i++) {
      middle.stride[order[i]] = stride;
      stride *= between[order[i]];
    }
    program.middle = stride * (trig ? 1 : 2);
  }

  for (uint32_t i = 0; i < count;) {
    // A sequence of passes on data that stays in the cache.
    uint32_t run = 1;
    const auto inside = [&](uint32_t k) {
      return k < count && steps[k].task != Task::copy && (resident >> steps[k].dim & 1) != 0;
    };
    if (inside(i))
      while (inside(i + run)) run++;
    uint32_t shared = 0;
    size_t repeats = 1;
    if (run > 1)
      for (uint32_t d = 0; d < dims; d++)
        if ((resident >> d & 1) == 0) {
          shared |= 1u << d;
          repeats *= builder.current[d];
        }
    program.group[program.groups++] = {i, run, repeats, false};
    for (uint32_t k = i; k < i + run; k++) {
      const bool first = k == 0, last = k + 1 == count;
      const uint32_t d = steps[k].dim;
      if (!builder.add(steps[k], first ? in : middle, last ? out : middle, source.window[d], target.window[d], shared))
        return false;
      if (steps[k].task != Task::copy) builder.current[d] = target.count[d];
    }
    i += run;
    if (problem.in_place) continue;
    if (run > 1)
      keep_plane(program, middle, between, dims, shared, bytes);
    else if (Pass<T>& pass = program.pass[program.passes - 1];
             pass.source != pass.target && pass.engine->streams && fills_lines(pass) && bytes >= past_bytes)
      store_past(pass);
  }
  keep_vectors(program);
  for (uint32_t k = 0; k < program.passes; k++) program.work = max(program.work, program.plane + program.pass[k].work);
  const Pass<T>& only = program.pass[0];
  if (program.passes == 1 && only.how == Pass<T>::How::lines && only.loops == 0 && only.task == Task::c2c &&
      only.line->how == Line<T>::How::row && only.line_in == 1 && only.line_out == 1 && only.in_window.all() &&
      only.out_window.all())
    program.row = only.line;
  look_ahead(program.pass[0], source);
  return store.ok();
}

template bool build<float>(const Problem&, bool, const Engines<float>&, Store&, Tables&, Program<float>&);
template bool build<double>(const Problem&, bool, const Engines<double>&, Store&, Tables&, Program<double>&);

}  // namespace ewald::fft
