// Runs a program: passes the lines of each pass to the kernels, and blocks of them to the threads.
#include <cstring>

#include "fft/plan.h"

namespace ewald::fft {
namespace {

constexpr size_t cache_line = 64;

template <class T>
struct Buffers {
  const T* input;
  T* output;
  T* middle;
  T* plane;

  const T* source(Buffer b) const { return b == Buffer::input ? input : target(b); }
  T* target(Buffer b) const { return b == Buffer::output ? output : b == Buffer::plane ? plane : middle; }
};

// Treats a real line of odd length as a complex one, and half a spectrum as a whole one.
template <class T>
void widen(const T* in, size_t n, T* out) {
  for (size_t j = 0; j < n; j++) {
    out[2 * j] = in[j];
    out[2 * j + 1] = T(0);
  }
}
template <class T>
void unfold(const T* in, size_t n, T* out) {
  out[0] = in[0];
  out[1] = T(0);
  for (size_t k = 1; 2 * k < n; k++) {
    out[2 * k] = out[2 * (n - k)] = in[2 * k];
    out[2 * k + 1] = in[2 * k + 1];
    out[2 * (n - k) + 1] = -in[2 * k + 1];
  }
}

template <class T>
void run_trig_line(const Pass<T>& pass, const T* in, T* out, T* work, T scale, Place place) {
  const Engine<T>& engine = *pass.engine;
  const size_t numbers = trig_line_numbers(pass.line->n);
  const bool three = pass.packed && (pass.trig == Trig::dct3 || pass.trig == Trig::dst3),
             one = pass.trig == Trig::dct1 || pass.trig == Trig::dst1,
             four = pass.packed && (pass.trig == Trig::dct4 || pass.trig == Trig::dst4);
  T *a = work, *b = a + numbers, *rest = shares_scratch(*pass.line) ? a : b + numbers;
  engine.line_before(pass.trig, pass.n, pass.turn, pass.table, in, a, b);
  if (place.stopped()) return;
  run_line(*pass.line, a, a, rest, three, one ? scale / 2 : four ? 2 * scale : scale, place);
  if (place.stopped()) return;
  engine.line_after(pass.trig, pass.n, pass.turn, pass.table, a, out);
}

template <class T>
void run_contiguous(const Pass<T>& pass, const T* in, T* out, T* work, T scale, Place place) {
  const size_t n = pass.n;
  if (pass.task == Task::trig) return run_trig_line(pass, in, out, work, scale, place);
  T *rest = work + real_line_numbers(n), *alone = shares_scratch(*pass.line) ? work : rest;
  switch (pass.task) {
    case Task::r2c:
      if (pass.fold != nullptr) {
        pass.engine->real_row(pass.line->row, pass.fold, in, out, rest, scale / 2);
      } else if (n % 2 == 0) {
        run_line(*pass.line, in, out, rest, false, scale / 2, place);
        pass.engine->half_after(n / 2, pass.table, out);
      } else {
        widen(in, n, work);
        run_line(*pass.line, work, work, alone, false, scale, place);
        std::memcpy(out, work, 2 * (n / 2 + 1) * sizeof(T));
      }
      break;
    case Task::c2r:
      if (n % 2 == 0) {
        pass.engine->half_before(n / 2, pass.table, in, work);
        run_line(*pass.line, work, out, rest, true, scale, place);
      } else {
        unfold(in, n, work);
        run_line(*pass.line, work, work, alone, true, scale, place);
        for (size_t j = 0; j < n; j++) out[j] = work[2 * j];
      }
      break;
    default:
      if (pass.to_vectors)
        pass.engine->row_to_vectors(pass.line->row, in, out, work, pass.backward);
      else
        run_line(*pass.line, in, out, work, pass.backward, scale, place);
      break;
  }
}

// Parts of a window before and after the end of the line.
struct Parts {
  size_t first, around;
  explicit Parts(const Window& w)
      : first(w.count < w.whole - w.start ? w.count : w.whole - w.start), around(w.count - first) {}
};

// Numbers of a line, one behind the other, from memory where they are `stride` elements apart, and back.
template <class T>
void collect(const T* in, size_t stride, size_t count, size_t numbers, T* out) {
  if (stride == 1) {
    std::memcpy(out, in, count * numbers * sizeof(T));
  } else if (numbers == 1) {
    for (size_t j = 0; j < count; j++) out[j] = in[j * stride];
  } else {
    for (size_t j = 0; j < count; j++) {
      out[2 * j] = in[2 * j * stride];
      out[2 * j + 1] = in[2 * j * stride + 1];
    }
  }
}
template <class T>
void spread(const T* in, size_t count, size_t numbers, T* out, size_t stride) {
  if (stride == 1) {
    std::memcpy(out, in, count * numbers * sizeof(T));
  } else if (numbers == 1) {
    for (size_t j = 0; j < count; j++) out[j * stride] = in[j];
  } else {
    for (size_t j = 0; j < count; j++) {
      out[2 * j * stride] = in[2 * j];
      out[2 * j * stride + 1] = in[2 * j + 1];
    }
  }
}

// A line that is not contiguous, or of which a side holds a part: it is copied to its place among zeros, and the needed
// part of the result is copied out.
template <class T>
void run_windowed(const Pass<T>& pass, const T* in, T* out, T* work, T scale, Place place) {
  const Window &from = pass.in_window, &to = pass.out_window;
  const size_t in_numbers = pass.in_complex ? 2 : 1, out_numbers = pass.out_complex ? 2 : 1;
  const bool copies_in = !from.all() || pass.line_in != 1, copies_out = !to.all() || pass.line_out != 1;
  const T* line = in;
  T* result = out;
  if (copies_in) {
    const Parts parts(from);
    if (!from.all()) std::memset(work, 0, from.whole * in_numbers * sizeof(T));
    collect(in, pass.line_in, parts.first, in_numbers, work + from.start * in_numbers);
    collect(in + parts.first * pass.line_in * in_numbers, pass.line_in, parts.around, in_numbers, work);
    line = work;
    work += window_numbers(pass.n);
  }
  if (copies_out) {
    result = work;
    work += window_numbers(pass.n);
  }
  run_contiguous(pass, line, result, work, scale, place);
  if (copies_out) {
    const Parts parts(to);
    spread(result + to.start * out_numbers, parts.first, out_numbers, out, pass.line_out);
    spread(result, parts.around, out_numbers, out + parts.first * pass.line_out * out_numbers, pass.line_out);
  }
}

// Gathers the part of each line in the source to its rows of the block; the other rows are zero.
template <class T>
void gather_window(const Pass<T>& pass, T* a, size_t vectors, const T* in, Strides from, size_t lines, Form form) {
  const Window& w = pass.in_window;
  const Parts parts(w);
  const size_t row = vectors * 2 * pass.engine->lanes;
  pass.engine->gather(a + w.start * row, vectors, in, parts.first, from, lines, form);
  if (w.all()) return;
  if (parts.around > 0)
    pass.engine->gather(a, vectors, in + parts.first * from.line * (pass.in_complex ? 2 : 1), parts.around, from, lines,
                        form);
  const size_t end = w.start + parts.first;
  if (w.start > parts.around) std::memset(a + parts.around * row, 0, (w.start - parts.around) * row * sizeof(T));
  std::memset(a + end * row, 0, (w.whole - end) * row * sizeof(T));
}

// Scatters the rows that the target holds.
template <class T>
void scatter_window(const Pass<T>& pass, const T* a, size_t vectors, T* out, Strides to, size_t lines, Form form,
                    T scale) {
  const Window& w = pass.out_window;
  const Parts parts(w);
  const size_t row = vectors * 2 * pass.engine->lanes;
  pass.engine->scatter(a + w.start * row, vectors, out, parts.first, to, lines, form, scale);
  if (parts.around > 0)
    pass.engine->scatter(a, vectors, out + parts.first * to.line * (pass.out_complex ? 2 : 1), parts.around, to, lines,
                         form, scale);
}

// The same for packed lines; rows that the source does not hold are zero.
template <class T>
void gather_packed_window(const Pass<T>& pass, T* a, size_t vectors, const T* in, Strides from, size_t lines) {
  const Window& w = pass.in_window;
  const Parts parts(w);
  if (!w.all()) std::memset(a, 0, (w.whole + 1) / 2 * vectors * 2 * pass.engine->lanes * sizeof(T));
  pass.engine->gather_packed(a, vectors, in, w.start, parts.first, from, lines);
  if (parts.around > 0)
    pass.engine->gather_packed(a, vectors, in + parts.first * from.line, 0, parts.around, from, lines);
}
template <class T>
void scatter_packed_window(const Pass<T>& pass, const T* a, size_t vectors, T* out, Strides to, size_t lines, T scale) {
  const Window& w = pass.out_window;
  const Parts parts(w);
  pass.engine->scatter_packed(a, vectors, out, w.start, parts.first, to, lines, scale);
  if (parts.around > 0)
    pass.engine->scatter_packed(a, vectors, out + parts.first * to.line, 0, parts.around, to, lines, scale);
}

template <class T>
void run_trig(const Pass<T>& pass, const T* in, T* out, size_t lines, T* a, T* b, size_t vectors, T scale) {
  const Engine<T>& engine = *pass.engine;
  const Strides from = {pass.line_in, pass.lane_in}, to = {pass.line_out, pass.lane_out};
  if (pass.packed)
    gather_packed_window(pass, a, vectors, in, from, lines);
  else
    gather_window(pass, a, vectors, in, from, lines, Form::real);
  engine.trig_before(pass.trig, pass.n, pass.table, a, b, vectors);
  T* c = engine.transform(*pass.column, b, a, vectors);
  T* d = c == a ? b : a;
  engine.trig_after(pass.trig, pass.n, pass.table, c, d, vectors);
  if (!pass.packed)
    scatter_window(pass, d, vectors, out, to, lines, Form::real, scale);
  else
    scatter_packed_window(pass, d, vectors, out, to, lines,
                          pass.trig == Trig::dct1 || pass.trig == Trig::dst1 ? scale / 2 : scale);
}

template <class T>
void run_block(const Pass<T>& pass, const T* in, T* out, size_t lines, T* work, T scale) {
  const Engine<T>& engine = *pass.engine;
  const size_t w = engine.lanes, vectors = (lines + w - 1) / w;
  const Strides from = {pass.line_in, pass.lane_in}, to = {pass.line_out, pass.lane_out};
  const Form form = pass.backward ? Form::swapped : Form::complex;
  if (pass.task == Task::copy) {
    const Form same = pass.in_complex ? Form::complex : Form::real;
    engine.gather(work, vectors, in, 1, from, lines, same);
    engine.scatter(work, vectors, out, 1, to, lines, same, scale);
    return;
  }
  const ColumnPlan<T>& column = *pass.column;
  if (pass.how == Pass<T>::How::columns) {
    if (pass.from_vectors || pass.to_vectors) {
      engine.vector_columns(column, in, pass.line_in, out, pass.line_out, lines, work, pass.from_vectors,
                            pass.to_vectors, pass.backward, scale);
      return;
    }
    if (lines >= w) {
      engine.columns(column, in, pass.line_in, out, pass.line_out, lines, work, pass.backward, scale, false, 0);
      return;
    }
    T* spare = work + column.rows * 2 * w;
    engine.gather(work, 1, in, pass.n, from, lines, form);
    engine.scatter(engine.transform(column, work, spare, 1), 1, out, pass.n, to, lines, form, scale);
    return;
  }
  T* a = work;
  T* b = work + pass.rows * vectors * 2 * w;
  switch (pass.task) {
    case Task::r2c: {
      if (!pass.packed) {
        gather_window(pass, a, vectors, in, from, lines, Form::real);
        scatter_window<T>(pass, engine.transform(column, a, b, vectors), vectors, out, to, lines, Form::complex, scale);
        break;
      }
      gather_packed_window(pass, a, vectors, in, from, lines);
      T* c = engine.transform(column, a, b, vectors);
      engine.unpack(pass.n / 2, pass.table, c, vectors);
      scatter_window(pass, c, vectors, out, to, lines, Form::complex, scale / 2);
      break;
    }
    case Task::c2r:
      gather_window(pass, a, vectors, in, from, lines, Form::complex);
      if (!pass.packed) {
        engine.unfold(pass.n, a, vectors);
        scatter_window<T>(pass, engine.transform(column, a, b, vectors), vectors, out, to, lines, Form::real, scale);
        break;
      }
      engine.pack(pass.n / 2, pass.table, a, vectors);
      scatter_packed_window<T>(pass, engine.transform(column, a, b, vectors), vectors, out, to, lines, scale);
      break;
    case Task::trig:
      run_trig(pass, in, out, lines, a, b, vectors, scale);
      break;
    case Task::real_c2c:
      gather_window(pass, a, vectors, in, from, lines, Form::real);
      scatter_window<T>(pass, engine.transform(column, a, b, vectors), vectors, out, to, lines, Form::complex, scale);
      break;
    case Task::c2c_real:
      gather_window(pass, a, vectors, in, from, lines, Form::swapped);
      scatter_window<T>(pass, engine.transform(column, a, b, vectors), vectors, out, to, lines, Form::imaginary, scale);
      break;
    default:
      gather_window(pass, a, vectors, in, from, lines, form);
      scatter_window<T>(pass, engine.transform(column, a, b, vectors), vectors, out, to, lines, form, scale);
      break;
  }
}

// Whether cache lines begin between two complex numbers. Otherwise nothing is stored past the cache, and planes lie in
// the output, because memory of the thread would only add to what the cache has to hold.
template <class T>
bool fits_lines(const T* out) {
  return reinterpret_cast<uintptr_t>(out) % (2 * sizeof(T)) == 0;
}

// A block of columns whose results are stored past the cache. Where the caller's array does not begin with a cache
// line, the blocks after the first one do, and the first one is narrower.
template <class T>
void run_past(const Pass<T>& pass, const T* in, T* out, size_t block, T* work, T scale) {
  constexpr size_t number = 2 * sizeof(T);
  const size_t place = reinterpret_cast<uintptr_t>(out) % cache_line;
  const bool past = fits_lines(out);
  const size_t head = past && place > 0 ? (cache_line - place) / number : 0;
  const size_t shift = head > 0 ? pass.engine->lanes - head : 0;
  const size_t first = block == 0 ? 0 : block * pass.width - shift,
               last = block + 1 == pass.blocks ? pass.lanes : (block + 1) * pass.width - shift;
  pass.engine->columns(*pass.column, in + 2 * first, pass.line_in, out + 2 * first, pass.line_out, last - first, work,
                       pass.backward, scale, past, block == 0 ? head : 0);
}

// Requests `count` numbers from `in` on.
template <class T>
void fetch(const T* in, size_t count) {
  const uintptr_t begin = reinterpret_cast<uintptr_t>(in);
  for (size_t i = 0; i < count * sizeof(T); i += cache_line)
    __builtin_prefetch(reinterpret_cast<const void*>(begin + i), 0, 2);
}

// Requests the line that is `ahead` lines after this one. Within a line the kernel jumps, which hides from the
// processor that the lines follow each other.
template <class T>
void fetch_ahead(const Pass<T>& pass, const T* in) {
  fetch(in + pass.ahead * pass.loop[pass.loops - 1].in, pass.in_window.count * (pass.in_complex ? 2 : 1));
}

// A line whose result is stored past the cache, from where it is complete.
template <class T>
void run_line_past(const Pass<T>& pass, const T* in, T* out, T* work, T scale, Place place) {
  const size_t numbers = pass.out_window.count * (pass.out_complex ? 2 : 1);
  run_windowed<T>(pass, in, work, work + staged_numbers(numbers), scale, place);
  pass.engine->copy_past(work, out, numbers);
}

template <class T>
size_t items_of(const Pass<T>& pass) {
  size_t items = pass.blocks;
  for (uint32_t i = pass.shared; i < pass.loops; i++) items *= pass.loop[i].count;
  return items;
}

// Items first .. last-1 of a pass whose shared loops have been applied to `in` and `out`. Meanwhile the plane at `next`
// is fetched, if there is one.
template <class T>
void run_items(const Pass<T>& pass, const T* in, T* out, size_t first, size_t last, T* work, T scale, const Team* team,
               Tally& tally, const T* next = nullptr) {
  size_t index[max_dims], block = first % pass.blocks, rest = first / pass.blocks, at_in = 0, at_out = 0;
  for (uint32_t i = pass.loops; i-- > pass.shared;) {
    index[i] = rest % pass.loop[i].count;
    rest /= pass.loop[i].count;
    at_in += index[i] * pass.loop[i].in;
    at_out += index[i] * pass.loop[i].out;
  }
  const size_t step_in = pass.lane_in * pass.width * (pass.in_complex ? 2 : 1),
               step_out = pass.lane_out * pass.width * (pass.out_complex ? 2 : 1);
  for (size_t item = first; item < last; item++) {
    const T* from = in + at_in + block * step_in;
    T* to = out + at_out + block * step_out;
    if (pass.how == Pass<T>::How::lines) {
      if (pass.ahead > 0) fetch_ahead(pass, from);
      if (next != nullptr) fetch(next + item * pass.fetch, pass.fetch);
      if (pass.past)
        run_line_past(pass, from, to, work, scale, {nullptr, &tally.watch()});
      else
        run_windowed(pass, from, to, work, scale, {team, &tally.watch()});
    } else if (pass.past) {
      run_past(pass, in + at_in, out + at_out, block, work, scale);
    } else {
      const size_t done = block * pass.width, left = pass.lanes - done;
      run_block(pass, from, to, left < pass.width ? left : pass.width, work, scale);
    }
    if (!tally.next()) break;
    if (++block < pass.blocks) continue;
    block = 0;
    for (uint32_t i = pass.loops; i-- > pass.shared;) {
      at_in += pass.loop[i].in;
      at_out += pass.loop[i].out;
      if (++index[i] < pass.loop[i].count) break;
      at_in -= pass.loop[i].in * pass.loop[i].count;
      at_out -= pass.loop[i].out * pass.loop[i].count;
      index[i] = 0;
    }
  }
  if (pass.past) pass.engine->end_past();
}

// The position of the shared loops in round `repeat`.
template <class T>
void shared_offset(const Pass<T>& pass, size_t repeat, size_t* in, size_t* out) {
  *in = *out = 0;
  for (uint32_t i = pass.shared; i-- > 0;) {
    const size_t k = repeat % pass.loop[i].count;
    repeat /= pass.loop[i].count;
    *in += k * pass.loop[i].in;
    *out += k * pass.loop[i].out;
  }
}

template <class T>
struct Job {
  const Program<T>& program;
  const Group& group;
  const Pass<T>* pass;
  Buffers<T> buffers;
  T* work;
  T scale;
  size_t items, share, in, out;
  Watch& watch;
};

template <class T>
T scale_of(const Program<T>& program, uint32_t pass, T scale) {
  return pass + 1 == program.passes ? scale : T(1);
}

// The buffers of a round of a group, whose plane is in `memory` or where the last pass writes it.
template <class T>
Buffers<T> with_plane(const Job<T>& job, size_t repeat, T* memory) {
  Buffers<T> buffers = job.buffers;
  buffers.plane = memory;
  if (job.group.needs_lines && !fits_lines(buffers.output)) {
    size_t in, out;
    shared_offset(job.program.pass[job.group.first + job.group.count - 1], repeat, &in, &out);
    buffers.plane = buffers.output + out;
  }
  return buffers;
}

// Whole rounds of a group.
template <class T>
void run_rounds(void* context, uint32_t item, uint32_t worker) {
  const Job<T>& job = *static_cast<Job<T>*>(context);
  const size_t begin = item * job.share, end = begin + job.share < job.items ? begin + job.share : job.items;
  Tally tally(job.watch);
  T* scratch = job.work + worker * job.program.work;
  for (size_t repeat = begin; repeat < end && !job.watch.stopped(); repeat++) {
    const Buffers<T> buffers = with_plane(job, repeat, scratch);
    for (uint32_t k = job.group.first; k < job.group.first + job.group.count; k++) {
      const Pass<T>& pass = job.program.pass[k];
      size_t in, out;
      shared_offset(pass, repeat, &in, &out);
      const T* next = nullptr;
      if (pass.fetch > 0 && repeat + 1 < end) {
        const Pass<T>& reads = job.program.pass[job.group.first];
        size_t begin, unused;
        shared_offset(reads, repeat + 1, &begin, &unused);
        next = buffers.source(reads.source) + begin;
      }
      run_items<T>(pass, buffers.source(pass.source) + in, buffers.target(pass.target) + out, 0, items_of(pass),
                   scratch + job.program.plane, scale_of(job.program, k, job.scale), nullptr, tally, next);
    }
  }
}

// Some items of one pass.
template <class T>
void run_share(void* context, uint32_t item, uint32_t worker) {
  const Job<T>& job = *static_cast<Job<T>*>(context);
  const size_t begin = item * job.share, end = begin + job.share < job.items ? begin + job.share : job.items;
  Tally tally(job.watch);
  run_items<T>(*job.pass, job.buffers.source(job.pass->source) + job.in, job.buffers.target(job.pass->target) + job.out,
               begin, end, job.work + worker * job.program.work + job.program.plane, job.scale, nullptr, tally);
}

}  // namespace

template <class T>
void run(const Program<T>& program, const T* in, T* out, T* workspace, T scale, const Team& team, Watch& watch) {
  if (program.row != nullptr) {
    row_of(*program.row)(program.row->row, in, out, workspace, program.pass[0].backward, scale);
    return;
  }
  // Workspace: the array between the passes, then the scratch of each thread.
  T* work = workspace + (program.middle + 15) / 16 * 16;
  const Buffers<T> buffers = {in, out, workspace, nullptr};
  const uint32_t threads = team.size();
  if (const Pass<T>& only = program.pass[0];
      program.passes == 1 && only.how == Pass<T>::How::lines && only.loops == 0) {
    // A single short line takes less time than the loops below.
    run_windowed(only, in, out, work, scale, {&team, &watch});
    return;
  }
  uint64_t whole = 0;
  for (uint32_t g = 0; g < program.groups; g++)
    for (uint32_t k = program.group[g].first; k < program.group[g].first + program.group[g].count; k++)
      whole += program.group[g].repeats * items_of(program.pass[k]);
  watch.done.store(0, std::memory_order_relaxed);
  watch.whole.store(whole, std::memory_order_relaxed);
  for (uint32_t g = 0; g < program.groups && !watch.stopped(); g++) {
    const Group& group = program.group[g];
    Job<T> job = {program, group, nullptr, buffers, work, scale, group.repeats, 1, 0, 0, watch};
    if (threads == 1 || group.repeats >= 2 * threads) {
      // Few enough shares to be cheap, and enough to balance the load.
      const size_t shares = threads == 1 ? 1 : 8 * size_t(threads);
      job.share = (group.repeats + shares - 1) / shares;
      if (threads > 1) {
        team.run(uint32_t((job.items + job.share - 1) / job.share), run_rounds<T>, &job);
      } else {
        run_rounds<T>(&job, 0, 0);
      }
      continue;
    }
    for (size_t repeat = 0; repeat < group.repeats && !watch.stopped(); repeat++) {
      // Threads that share the lines of a plane use that of the first one.
      job.buffers = with_plane(job, repeat, work);
      for (uint32_t k = group.first; k < group.first + group.count; k++) {
        const Pass<T>& pass = program.pass[k];
        shared_offset(pass, repeat, &job.in, &job.out);
        job.pass = &pass;
        job.items = items_of(pass);
        job.scale = scale_of(program, k, scale);
        if (watch.stopped()) return;
        if (job.items == 1) {
          Tally tally(watch);
          run_items<T>(pass, job.buffers.source(pass.source) + job.in, job.buffers.target(pass.target) + job.out, 0, 1,
                       work + program.plane, job.scale, &team, tally);
          continue;
        }
        const size_t shares = 4 * size_t(threads);
        job.share = (job.items + shares - 1) / shares;
        team.run(uint32_t((job.items + job.share - 1) / job.share), run_share<T>, &job);
      }
    }
  }
}

template void run<float>(const Program<float>&, const float*, float*, float*, float, const Team&, Watch&);
template void run<double>(const Program<double>&, const double*, double*, double*, double, const Team&, Watch&);

}  // namespace ewald::fft
