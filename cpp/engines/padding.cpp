#include "engines/padding.h"

#include <cstring>
#include <utility>

#include "common/memory.h"
#include "common/status.h"
#include "common/threads.h"
#include "engines/lines.h"

namespace ewald::engines {
namespace {

using fft::Problem;
using fft::Side;
using fft::Window;

// Moving fewer bytes than this takes less time than waking threads.
constexpr size_t worth_threads = 1 << 20;

// One side: in its given layout, and as a whole array in C order.
struct Frame {
  Side given;
  uint32_t dims;
  size_t element;
  size_t stride[max_dims];  // of the whole array
  size_t rows;              // of the whole array along its last dimension
  size_t bytes;

  Frame(const Side& side, uint32_t count, size_t number) : given(side), dims(count) {
    element = number * (side.complex ? 2 : 1);
    size_t elements = 1;
    for (uint32_t d = dims; d-- > 0;) {
      stride[d] = elements;
      elements *= side.window[d].whole;
    }
    rows = elements / side.window[dims - 1].whole;
    bytes = elements * element;
  }

  // Where the given side holds row `row` of the whole array, in elements; false if it does not.
  bool place_of(size_t row, size_t& at) const {
    at = 0;
    for (uint32_t d = dims - 1; d-- > 0;) {
      const Window& w = given.window[d];
      const size_t k = row % w.whole, i = k >= w.start ? k - w.start : k + w.whole - w.start;
      row /= w.whole;
      if (i >= w.count) return false;
      at += i * given.stride[d];
    }
    return true;
  }
};

// `count` elements from one step to another.
void move(const char* from, size_t from_step, char* to, size_t to_step, size_t count, size_t element) {
  if (from_step == element && to_step == element) {
    std::memcpy(to, from, count * element);
    return;
  }
  for (size_t i = 0; i < count; i++, from += from_step, to += to_step) std::memcpy(to, from, element);
}

struct Job {
  const Frame& frame;
  const char* from;
  char* to;
  size_t share;
};

// The window of the last dimension in two parts: up to its end, and the part that wraps around.
struct Parts {
  size_t first, around;
  explicit Parts(const Window& w)
      : first(w.count < w.whole - w.start ? w.count : w.whole - w.start), around(w.count - first) {}
};

void pad_rows(void* context, uint32_t item, uint32_t) {
  const Job& job = *static_cast<const Job*>(context);
  const Frame& f = job.frame;
  const Window& w = f.given.window[f.dims - 1];
  const Parts parts(w);
  const size_t width = w.whole * f.element, step = f.given.stride[f.dims - 1] * f.element;
  for (size_t row = item * job.share; row < f.rows && row < (item + 1) * job.share; row++) {
    char* to = job.to + row * width;
    size_t at;
    if (!f.place_of(row, at)) {
      std::memset(to, 0, width);
      continue;
    }
    const char* from = job.from + at * f.element;
    if (w.count < w.whole) std::memset(to, 0, width);
    move(from, step, to + w.start * f.element, f.element, parts.first, f.element);
    move(from + parts.first * step, step, to, f.element, parts.around, f.element);
  }
}

void cut_rows(void* context, uint32_t item, uint32_t) {
  const Job& job = *static_cast<const Job*>(context);
  const Frame& f = job.frame;
  const Window& w = f.given.window[f.dims - 1];
  const Parts parts(w);
  const size_t width = w.whole * f.element, step = f.given.stride[f.dims - 1] * f.element;
  for (size_t row = item * job.share; row < f.rows && row < (item + 1) * job.share; row++) {
    size_t at;
    if (!f.place_of(row, at)) continue;
    const char* from = job.from + row * width;
    char* to = job.to + at * f.element;
    move(from + w.start * f.element, f.element, to, step, parts.first, f.element);
    move(from, f.element, to + parts.first * step, step, parts.around, f.element);
  }
}

class PaddedPlan : public Plan {
public:
  PaddedPlan(const Problem& problem, bool f64, std::unique_ptr<Plan> whole)
      : whole_(std::move(whole)),
        side_{Frame(problem.input, problem.rank + 1, f64 ? 8 : 4),
              Frame(problem.output, problem.rank + 1, f64 ? 8 : 4)},
        team_(problem.threads) {
    input = problem.input.size;
    output = problem.output.size;
    workspace = whole_->workspace;
    bytes = whole_->bytes;
    for (int i : {0, 1}) {
      padded_[i] = static_cast<char*>(allocate_raw(side_[i].bytes));
      bytes += side_[i].bytes;
    }
  }
  ~PaddedPlan() override {
    for (char* memory : padded_) release(memory);
  }

  bool ok() const { return padded_[0] != nullptr && padded_[1] != nullptr; }

  int32_t execute(uint32_t direction, const void* in, void* out, void* work, uint32_t scale) override {
    const int from = direction == EWALD_FFT_DIRECTION_FORWARD ? 0 : 1, to = 1 - from;
    over_rows(side_[from], pad_rows, static_cast<const char*>(in), padded_[from]);
    const int32_t status = whole_->execute(direction, padded_[from], padded_[to], work, scale);
    if (status == EWALD_STATUS_OK) over_rows(side_[to], cut_rows, padded_[to], static_cast<char*>(out));
    return status;
  }

  bool ready(uint32_t direction, const void*, const void*) const override {
    const int from = direction == EWALD_FFT_DIRECTION_FORWARD ? 0 : 1;
    const bool small = side_[0].bytes < worth_threads && side_[1].bytes < worth_threads;
    return small && whole_->ready(direction, padded_[from], padded_[1 - from]);
  }

private:
  void over_rows(const Frame& frame, Team::Task task, const char* from, char* to) const {
    const size_t shares = frame.bytes < worth_threads ? 1 : 4 * size_t(team_.size());
    Job job{frame, from, to, (frame.rows + shares - 1) / shares};
    team_.run(uint32_t((frame.rows + job.share - 1) / job.share), task, &job);
  }

  std::unique_ptr<Plan> whole_;
  const Frame side_[2];
  char* padded_[2] = {};
  const Team team_;
};

}  // namespace

bool is_windowed(const Problem& problem) {
  for (uint32_t d = 0; d <= problem.rank; d++)
    if (!problem.input.window[d].all() || !problem.output.window[d].all()) return true;
  return false;
}

ewald_fft_descriptor whole_of(const ewald_fft_descriptor& descriptor) {
  ewald_fft_descriptor whole = descriptor;
  whole.in_distance = whole.out_distance = 0;
  for (uint32_t i = 0; i < 8; i++) {
    whole.in_stride[i] = whole.out_stride[i] = 0;
    whole.in_start[i] = whole.in_count[i] = whole.out_start[i] = whole.out_count[i] = 0;
  }
  return whole;
}

int32_t pad_and_cut(const Problem& problem, bool f64, std::unique_ptr<Plan> whole, std::unique_ptr<Plan>& plan) {
  auto made = std::make_unique<PaddedPlan>(problem, f64, std::move(whole));
  if (!made->ok())
    return fail(EWALD_STATUS_OUT_OF_MEMORY, "fft: no memory for the padded arrays of this plan (%zu bytes)",
                made->bytes);
  plan = std::move(made);
  return EWALD_STATUS_OK;
}

}  // namespace ewald::engines
