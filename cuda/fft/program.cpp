// The order of the axes, the memory that each pass reads and writes, and the layout of the lines of a pass. An axis
// that fits into a block is one pass; a longer one of two or three pieces is as many passes; a length with a large
// prime that fits into no block is a convolution: down its pieces and up again. At the end, consecutive passes may
// be divided into slabs.
#include "program.h"

#include <algorithm>

#include "blocks.h"
#include "lengths.h"
#include "line.h"

namespace ewald::cuda::fft {
namespace {

using ewald::fft::Problem;
using ewald::fft::Side;

struct Layout {
  Place place;
  bool complex;
  std::vector<std::uint64_t> count, stride;  // dimension 0 is the batch; count is the stored extent
};

Layout layout_of(Place place, const Side& side, std::uint32_t dims) {
  return {place, side.complex, {side.count, side.count + dims}, {side.stride, side.stride + dims}};
}

Layout contiguous(Place place, bool complex, const std::vector<std::uint64_t>& count) {
  Layout layout{place, complex, count, std::vector<std::uint64_t>(count.size())};
  std::uint64_t stride = 1;
  for (std::size_t d = count.size(); d-- > 0; stride *= count[d]) layout.stride[d] = stride;
  return layout;
}

template <class T>
std::uint64_t element_of(const Layout& layout) {
  return (layout.complex ? 2 : 1) * sizeof(T);
}

std::uint64_t size_of(const Layout& layout) {
  std::uint64_t size = 1;
  for (const std::uint64_t n : layout.count) size *= n;
  return size;
}

template <class T>
class Planner {
public:
  Planner(const Problem& problem, bool backward, const Card& card, Tables& tables)
      : problem_(problem), backward_(backward), card_(card), tables_(tables), dims_(problem.rank + 1) {}

  Program program();

private:
  void along(std::uint32_t dim, const Line& line, const Layout& from, const Layout& to, bool last);
  Window window_of(const Side& side, std::uint32_t dim) const;
  void add(Pass pass, Place from, Place to, const Layout* in, const Layout* out, std::uint32_t dim);
  void divide(bool permutes);
  std::uint32_t passes_from(std::uint32_t begin, std::uint32_t dim, bool permutes) const;
  Group group_of(std::uint32_t dim, std::uint32_t begin, std::uint32_t passes) const;
  void cut(std::uint32_t dim, std::uint32_t begin, const Group& group, std::uint32_t slabs);

  const Problem& problem_;
  const bool backward_;
  const Card& card_;
  Tables& tables_;
  const std::uint32_t dims_;
  const Side *source_ = nullptr, *target_ = nullptr;
  // The current extent of each dimension while the axes are transformed one after the other.
  std::vector<std::uint64_t> current_;
  Program program_;
  // Of each step that is a whole axis, the pass with one loop for each of `dims` and its two layouts; other steps have
  // no `dims`.
  struct Whole {
    Pass pass;
    std::vector<std::uint32_t> dims;
    Layout from, to;
    std::uint64_t count_of(std::uint32_t dim) const {
      return pass.loop[std::find(dims.begin(), dims.end(), dim) - dims.begin()].count;
    }
  };
  std::vector<Whole> wholes_;
};

template <class T>
Program Planner<T>::program() {
  const bool reads_input = (problem_.kind == EWALD_FFT_KIND_C2R) == backward_;
  const bool halves = problem_.kind == EWALD_FFT_KIND_R2C || problem_.kind == EWALD_FFT_KIND_C2R;
  const bool trig = problem_.kind == EWALD_FFT_KIND_R2R, widens = problem_.kind == EWALD_FFT_KIND_REAL_C2C;
  source_ = reads_input ? &problem_.input : &problem_.output;
  target_ = reads_input ? &problem_.output : &problem_.input;
  const Layout source = layout_of(Place::source, *source_, dims_);
  const Layout target = layout_of(Place::target, *target_, dims_);

  std::vector<std::uint32_t> axes;
  for (std::uint32_t d = 1; d < dims_; d++)
    if (problem_.axes >> (d - 1) & 1) axes.push_back(d);
  // The axis that changes between real and complex is first in one direction and last in the other.
  std::uint32_t special = 0;
  if (halves) special = problem_.reduced + 1;
  if (widens) {
    // The fastest axis, so that runs of real numbers are long.
    const Layout& real = source.complex ? target : source;
    const auto rank = [&](std::uint32_t d) { return problem_.shape[d] == 1 ? ~std::uint64_t(0) : real.stride[d]; };
    special = *std::min_element(axes.begin(), axes.end(),
                                [&](std::uint32_t a, std::uint32_t b) { return rank(a) < rank(b); });
  }
  // Fastest axes of the target first: the first pass then reads and writes whole runs of memory.
  std::vector<std::uint32_t> order;
  for (const std::uint32_t d : axes)
    if (d != special && (trig || problem_.shape[d] != 1)) order.push_back(d);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return target.stride[a] < target.stride[b]; });
  if (special != 0) order.insert(backward_ ? order.end() : order.begin(), special);
  if (order.empty()) order.push_back(axes[0]);

  // An intermediate array holds the longer of both sides of each axis; the special axis is already changed, or not yet.
  // It is kept in the target if it fits there and the target is not the source in another order.
  std::vector<std::uint64_t> most(dims_);
  bool apart = !target.complex && source.complex;
  for (std::uint32_t d = 0; d < dims_; d++) {
    most[d] = d != special || !halves ? std::max(source.count[d], target.count[d])
              : backward_             ? source.count[d]
                                      : target.count[d];
    apart |= most[d] > target.count[d];
  }
  bool moved = false;
  for (std::uint32_t d = 0; d < dims_; d++) moved |= source.stride[d] != target.stride[d] && source.count[d] > 1;
  const bool permutes = problem_.in_place && !halves && moved;
  const bool elsewhere = (apart && order.size() > 1) || permutes;
  const Layout between = elsewhere ? contiguous(Place::middle, !trig, most) : target;
  if (elsewhere) program_.middle = size_of(between) * (trig ? 1 : 2);
  current_ = source.count;
  for (std::size_t i = 0; i < order.size(); i++) {
    const bool end = i + 1 == order.size(), last = end && !(permutes && i == 0);
    const std::uint32_t d = order[i];
    along(d, line_of(problem_, d, d == special || trig, backward_, capacity<T>), i == 0 ? source : between,
          last ? target : between, end);
    current_[d] = target.count[d];
  }
  if (permutes && order.size() == 1) {
    // One pass cannot both transform and reorder an array in place.
    Pass copy{};
    copy.axis = copy.points = copy.length = 1;
    copy.source = trig ? Source::real : Source::complex;
    copy.sink = trig ? Sink::real : Sink::complex;
    for (std::uint32_t d = 0; d < dims_; d++)
      if (source.count[d] > 1)
        copy.loop[copy.loops++] = {between.stride[d], target.stride[d], std::uint32_t(source.count[d]), 0, 0, 0, 0, 0};
    add(copy, Place::middle, Place::target, &between, &target, dims_);
  }
  divide(permutes);
  return std::move(program_);
}

// Sorts loops by memory order, and merges contiguous ones.
void tidy(Pass& pass) {
  const auto step = [&](const Loop& loop) {
    const std::uint64_t in = loop.in + std::uint64_t(loop.in_index) * pass.in_stride,
                        out = loop.out + std::uint64_t(loop.out_index) * pass.out_stride;
    const std::uint64_t near = std::min(in, out);
    return near != 0 ? near : std::max(in, out);
  };
  const auto plain = [](const Loop& loop) {
    return loop.in_index == 0 && loop.out_index == 0 && loop.a == 0 && loop.b == 0 && loop.frequency == 0;
  };
  std::stable_sort(pass.loop, pass.loop + pass.loops, [&](const Loop& a, const Loop& b) { return step(a) < step(b); });
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < pass.loops; i++) {
    const Loop loop = pass.loop[i];
    Loop* const before = kept > 0 ? &pass.loop[kept - 1] : nullptr;
    if (before && plain(*before) && plain(loop) && loop.in == before->in * before->count &&
        loop.out == before->out * before->count)
      before->count *= loop.count;
    else
      pass.loop[kept++] = loop;
  }
  pass.loops = kept;
}

template <class T>
void Planner<T>::add(Pass pass, Place from, Place to, const Layout* in, const Layout* out, std::uint32_t dim) {
  tidy(pass);
  widen<T>(pass);
  add_tables(pass, tables_);
  choose_block<T>(pass, card_.multiprocessors, tables_);
  const std::uint64_t read = in != nullptr ? (dim < dims_ ? in->count[dim] : 1) : pass.points;
  const std::uint64_t written = out != nullptr ? (dim < dims_ ? out->count[dim] : 1) : pass.points;
  const std::uint64_t complex = 2 * sizeof(T);
  const Step step{pass, from, to, bytes_moved(pass, read, in == nullptr ? complex : element_of<T>(*in), false),
                  bytes_moved(pass, written, out == nullptr ? complex : element_of<T>(*out), true)};
  program_.bytes_read += step.bytes_read;
  program_.bytes_written += step.bytes_written;
  program_.steps.push_back(step);
}

// Divides consecutive passes over the dimension that keeps most bytes in the cache, if any is worth it: of three axes
// the one that is transformed last, or an axis that is not transformed, or the batch.
template <class T>
void Planner<T>::divide(bool permutes) {
  wholes_.resize(program_.steps.size());
  std::uint32_t dim = 0, first = 0, slabs = 1;
  Group best{};
  for (std::uint32_t d = 0; d < dims_; d++) {
    for (std::uint32_t begin = 0, passes = 0; begin < wholes_.size(); begin += std::max(1u, passes)) {
      passes = passes_from(begin, d, permutes);
      if (passes < 2) continue;
      const Group group = group_of(d, begin, passes);
      const bool better = group.kept > best.kept || (group.kept == best.kept && group.step > best.step);
      const std::uint32_t number = better ? slabs_of(group, card_) : 1;
      if (number == 1) continue;
      dim = d, first = begin, slabs = number, best = group;
    }
  }
  if (slabs == 1) return;
  cut(dim, first, best, slabs);
  program_.bytes_kept = best.kept;
}

// The number of passes from that step on of which the dimension is a loop. In place, a slab of the result covers the
// same memory as that slab of the source, except in another order: then it would overwrite slabs that are still to be
// read.
template <class T>
std::uint32_t Planner<T>::passes_from(std::uint32_t begin, std::uint32_t dim, bool permutes) const {
  std::uint32_t end = begin;
  for (; end < wholes_.size(); end++) {
    const Whole& whole = wholes_[end];
    if (std::find(whole.dims.begin(), whole.dims.end(), dim) == whole.dims.end()) break;
    if (permutes && begin == 0 && whole.to.place == Place::target) break;
  }
  return end - begin;
}

template <class T>
Group Planner<T>::group_of(std::uint32_t dim, std::uint32_t begin, std::uint32_t passes) const {
  Group group{passes, wholes_[begin].count_of(dim), ~std::uint64_t(0), 0, 0, ~std::uint64_t(0)};
  std::uint64_t touched[4] = {};
  for (std::uint32_t i = begin; i < begin + passes; i++) {
    const Step& step = program_.steps[i];
    for (const Layout* layout : {&wholes_[i].from, &wholes_[i].to})
      group.step = std::min(group.step, layout->stride[dim] * element_of<T>(*layout));
    group.blocks = std::min<std::uint64_t>(group.blocks, step.pass.blocks);
    std::uint64_t &from = touched[std::size_t(step.from)], &to = touched[std::size_t(step.to)];
    from = std::max(from, step.bytes_read);
    to = std::max(to, step.bytes_written);
    if (i == begin) continue;
    // What the pass before it wrote is not read from memory; nor is it written there, if this pass overwrites it.
    const Step& before = program_.steps[i - 1];
    group.kept += step.bytes_read + (step.to == before.to ? before.bytes_written : 0);
  }
  std::uint64_t &source = touched[std::size_t(Place::source)], &target = touched[std::size_t(Place::target)];
  if (problem_.in_place) {
    target = std::max(source, target);
    source = 0;
  }
  for (const std::uint64_t bytes : touched) group.footprint += bytes;
  return group;
}

template <class T>
void Planner<T>::cut(std::uint32_t dim, std::uint32_t begin, const Group& group, std::uint32_t slabs) {
  const std::uint64_t part = group.count / slabs;
  for (std::uint32_t i = begin; i < begin + group.passes; i++) {
    Whole& whole = wholes_[i];
    for (std::size_t l = 0; l < whole.dims.size(); l++)
      if (whole.dims[l] == dim) whole.pass.loop[l].count = std::uint32_t(part);
    tidy(whole.pass);
    Step& step = program_.steps[i];
    step.pass.loops = whole.pass.loops;
    std::copy(whole.pass.loop, whole.pass.loop + whole.pass.loops, step.pass.loop);
    take_slab(step.pass, slabs);
    step.from_slab = part * whole.from.stride[dim] * element_of<T>(whole.from);
    step.to_slab = part * whole.to.stride[dim] * element_of<T>(whole.to);
  }
  program_.group_begin = begin;
  program_.group_end = begin + group.passes;
  program_.slabs = slabs;
}

template <class T>
Window Planner<T>::window_of(const Side& side, std::uint32_t dim) const {
  const ewald::fft::Window& window = side.window[dim];
  if (window.all()) return {};
  return {std::uint32_t(window.start), std::uint32_t(window.count), std::uint32_t(window.whole)};
}

template <class T>
void Planner<T>::along(std::uint32_t dim, const Line& line, const Layout& from, const Layout& to, bool last) {
  const Split split = split_of(line.points, capacity<T>, sizeof(T) == 4 ? 4 : 2);
  const std::uint64_t length = split.convolution != 0 ? split.convolution : line.points;
  Pass whole{};
  whole.axis = line.axis;
  whole.source = line.source;
  whole.sink = line.sink;
  whole.sine = line.sine;
  whole.pairs = line.pairs;
  whole.in_stride = std::uint32_t(from.stride[dim]);
  whole.out_stride = std::uint32_t(to.stride[dim]);
  whole.in_index = whole.out_index = 1;
  whole.swap_in = whole.swap_out = line.swap;
  whole.last = last;
  whole.in_window = window_of(*source_, dim);
  whole.out_window = window_of(*target_, dim);

  // The other dimensions; `at` is the stride of their consecutive lines in the memory of the pieces.
  struct Other {
    std::uint32_t dim, count;
    std::uint64_t from, to, at;
  };
  std::vector<Other> others;
  std::uint64_t lines = 1;
  for (std::uint32_t d = dims_; d-- > 0;) {
    const std::uint64_t count = d == dim ? 1 : current_[d];
    if (count <= 1) continue;
    others.push_back({d, std::uint32_t(count), from.stride[d], to.stride[d], lines * length});
    lines *= count;
  }

  const std::vector<Core>& pieces = split.pieces;
  if (pieces.size() == 1) {
    whole.points = pieces[0].points;
    whole.length = pieces[0].length;
    Whole kept{{}, {}, from, to};
    for (const Other& other : others) {
      whole.loop[whole.loops++] = {other.from, other.to, other.count, 0, 0, 0, 0, 0};
      kept.dims.push_back(other.dim);
    }
    kept.pass = whole;
    wholes_.resize(program_.steps.size());
    wholes_.push_back(std::move(kept));
    return add(whole, from.place, to.place, &from, &to, dim);
  }

  program_.pieces = std::max(program_.pieces, 2 * lines * length);
  const std::uint32_t count = std::uint32_t(pieces.size()), end = count - 1;
  std::vector<std::uint64_t> size(count), place(count, 1),
      exchanged(count, 1);  // digit i in an index, and in an index with exchanged digits
  for (std::uint32_t i = 0; i < count; i++) size[i] = pieces[i].points;
  for (std::uint32_t i = 0; i < count; i++) {
    for (std::uint32_t l = i + 1; l < count; l++) place[i] *= size[l];
    for (std::uint32_t l = 0; l < i; l++) exchanged[i] *= size[l];
  }
  // One pass over piece i; `digit` gives the contributions of the other digits of the index.
  const auto piece = [&](std::uint32_t i, bool entry, bool exit, auto more, auto digit) {
    Pass pass = whole;
    pass.points = pieces[i].points;
    pass.length = pieces[i].length;
    pass.in_index = pass.out_index = std::uint32_t(place[i]);
    pass.last = last && exit;
    if (!entry) {
      pass.source = Source::complex;
      pass.in_stride = 1;
      pass.in_window = {};
      pass.swap_in = false;
    }
    if (!exit) {
      pass.sink = Sink::complex;
      pass.out_stride = 1;
      pass.out_window = {};
      pass.swap_out = false;
    }
    for (const Other& other : others)
      pass.loop[pass.loops++] = {entry ? other.from : other.at, exit ? other.to : other.at, other.count, 0, 0, 0, 0, 0};
    for (std::uint32_t l = 0; l < count; l++) {
      if (l == i || size[l] == 1) continue;
      Loop loop{0, 0, std::uint32_t(size[l]), std::uint32_t(place[l]), std::uint32_t(place[l]), 0, 0, 0};
      digit(l, loop);
      pass.loop[pass.loops++] = loop;
    }
    more(pass);
    add(pass, entry ? from.place : Place::pieces, exit ? to.place : Place::pieces, nullptr, nullptr, dim);
  };
  const auto turn = [&](Pass& pass, std::uint64_t n, std::uint64_t step) {
    set_turn(pass, n, std::uint32_t(step), tables_);
  };

  const bool convolves = split.convolution != 0;
  for (std::uint32_t i = 0; i < end; i++) {
    // After piece i: exp(-2 pi i k_i (the remaining digits) / n).
    piece(
        i, i == 0, false,
        [&](Pass& pass) {
          turn(pass, size[i] * place[i], 1);
          if (convolves && i == 0) {
            pass.chirp_in = tables_.chirp(line.points);
            pass.chirp_points = line.points;
          }
        },
        [&](std::uint32_t l, Loop& loop) {
          if (l > i) loop.b = std::uint32_t(place[l]);
        });
  }
  if (!convolves) {
    return piece(
        end, false, true, [&](Pass& pass) { pass.out_index = std::uint32_t(exchanged[end]); },
        [&](std::uint32_t l, Loop& loop) { loop.out_index = std::uint32_t(exchanged[l]); });
  }
  // The spectrum in the order of exchanged digits; then the same pieces upwards, with the same factors, on exchanged
  // parts.
  const auto up = [&](Pass& pass, std::uint32_t i) {
    if (i > 0) turn(pass, size[i - 1] * place[i - 1], place[i]);
  };
  const auto digits = [&](std::uint32_t i, std::uint32_t l, Loop& loop) {
    if (i > 0 && l == i - 1)
      loop.b = 1;
    else if (l > i)
      loop.a = std::uint32_t(place[l]);
  };
  piece(
      end, false, false,
      [&](Pass& pass) {
        pass.middle = tables_.spectrum(line.points, length);
        pass.middle_step = std::uint32_t(exchanged[end]);
        up(pass, end);
      },
      [&](std::uint32_t l, Loop& loop) {
        loop.frequency = std::uint32_t(exchanged[l]);
        digits(end, l, loop);
      });
  for (std::uint32_t i = end; i-- > 0;) {
    piece(
        i, false, i == 0,
        [&](Pass& pass) {
          up(pass, i);
          if (i > 0) return;
          pass.chirp_out = tables_.chirp(line.points);
          pass.chirp_points = line.points;
        },
        [&](std::uint32_t l, Loop& loop) { digits(i, l, loop); });
  }
}

}  // namespace

template <class T>
Program program_of(const Problem& problem, bool backward, const Card& card, Tables& tables) {
  return Planner<T>(problem, backward, card, tables).program();
}
template Program program_of<float>(const Problem&, bool, const Card&, Tables&);
template Program program_of<double>(const Problem&, bool, const Card&, Tables&);

}  // namespace ewald::cuda::fft
