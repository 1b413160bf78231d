#include "engines/fftw.h"

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

#include "common/memory.h"
#include "common/status.h"
#include "engines/fftw_api.h"
#include "engines/lines.h"

namespace ewald::engines {
namespace {

using fft::Problem;
using fft::Side;

// FFTW's planner uses process-wide tables, so plans are created and destroyed one at a time. Runs need no lock.
std::mutex& planner() {
  static std::mutex mutex;
  return mutex;
}

// Below this many elements threads cost more than they save.
constexpr size_t worth_threads = size_t(1) << 15;

// Kinds by fft::Trig, and their inverse kinds.
constexpr int kinds[2][8] = {
    {fftw::redft00, fftw::redft10, fftw::redft01, fftw::redft11, fftw::rodft00, fftw::rodft10, fftw::rodft01,
     fftw::rodft11},
    {fftw::redft00, fftw::redft01, fftw::redft10, fftw::redft11, fftw::rodft00, fftw::rodft01, fftw::rodft10,
     fftw::rodft11},
};

// One direction as the library sees it: transformed axes, loops around them, and the strides of both sides.
struct Geometry {
  IoDim axis[fft::max_dims], loop[fft::max_dims];
  int kind[fft::max_dims];
  int axes = 0, loops = 0;
};

Geometry geometry_of(const Problem& problem, const Side& in, const Side& out, bool backward) {
  Geometry g;
  const auto dim = [&](uint32_t d) { return IoDim{int(problem.shape[d]), int(in.stride[d]), int(out.stride[d])}; };
  const bool halves = problem.kind == EWALD_FFT_KIND_R2C || problem.kind == EWALD_FFT_KIND_C2R;
  for (uint32_t i = 0; i < problem.rank; i++) {
    if ((problem.axes >> i & 1) == 0 || (halves && i == problem.reduced)) continue;
    g.kind[g.axes] = kinds[backward][uint32_t(problem.trig[i + 1])];
    g.axis[g.axes++] = dim(i + 1);
  }
  // The halved axis is the last one.
  if (halves) g.axis[g.axes++] = dim(problem.reduced + 1);
  for (uint32_t d = 0; d <= problem.rank; d++) {
    if (problem.shape[d] == 1 || (d > 0 && (problem.axes >> (d - 1) & 1) != 0)) continue;
    const IoDim next = dim(d);
    // Merges two loops if the extent of the inner one equals the stride of the outer one.
    if (g.loops > 0) {
      IoDim& last = g.loop[g.loops - 1];
      if (last.is == next.n * next.is && last.os == next.n * next.os) {
        last = {last.n * next.n, next.is, next.os};
        continue;
      }
    }
    g.loop[g.loops++] = next;
  }
  return g;
}

template <class T>
class FftwPlan final : public Plan {
public:
  FftwPlan(const FftwApi<T>& api, const Problem& problem, const char* name, unsigned rigor, int threads)
      : api_(api), problem_(problem), name_(name), rigor_(rigor), threads_(threads) {
    for (uint32_t backward = 0; backward < 2; backward++)
      geometry_[backward] = geometry_of(problem, source(backward), target(backward), backward != 0);
    input = problem.input.size;
    output = problem.output.size;
    // If the library would destroy the input of a backward run, it works on a copy.
    if (copies_input() || problem.kind == EWALD_FFT_KIND_REAL_C2C) workspace = problem.output.size;
    bytes = problem.user_workspace ? 0 : workspace * 2 * sizeof(T);
  }

  ~FftwPlan() override {
    const std::lock_guard<std::mutex> lock(planner());
    for (auto& direction : handle_)
      for (auto& handle : direction)
        if (handle != nullptr) api_.destroy(handle);
    release(scratch_);
  }

  int32_t prepare(Stop& stop) {
    if (bytes > 0) {
      scratch_ = static_cast<T*>(allocate(bytes));
      if (scratch_ == nullptr)
        return fail(EWALD_STATUS_OUT_OF_MEMORY, "%s: %zu bytes of workspace could not be allocated", name_, bytes);
    }
    for (uint32_t backward = 0; backward < 2; backward++)
      if (const int32_t status = plan(backward, true, stop); status != EWALD_STATUS_OK) return status;
    return EWALD_STATUS_OK;
  }

  bool ready(uint32_t direction, const void* in, const void* out) const override {
    return handle_[direction & 1][aligned(in) && aligned(out)] != nullptr;
  }

  int32_t execute(uint32_t direction, const void* in, void* out, void* workspace_given, uint32_t scale) override {
    const uint32_t backward = direction & 1;
    T* work = workspace_given != nullptr ? static_cast<T*>(workspace_given) : scratch_;
    if (workspace > 0 && work == nullptr)
      return fail(EWALD_STATUS_INVALID_ARGUMENT,
                  "%s: the plan requires a workspace from the caller, but none was given", name_);
    // The library preserves its input here, or may destroy a copy.
    T *from = const_cast<T*>(static_cast<const T*>(in)), *to = static_cast<T*>(out);
    const uint32_t dims = problem_.rank + 1;
    const Side &real = problem_.input, &complex = problem_.output;
    T *first = from, *second = to;
    if (expands()) {
      if (!backward) {
        copy_elements(from, real.stride, 1, to, complex.stride, 2, real.count, dims);
        first = to;
      } else {
        second = work;
      }
    } else if (backward && copies_input()) {
      std::memcpy(work, from, complex.size * 2 * sizeof(T));
      first = work;
    }
    const bool fits = aligned(first) && aligned(second);
    if (handle_[backward][fits] == nullptr) {
      Stop never;
      if (const int32_t status = plan(backward, fits, never); status != EWALD_STATUS_OK) return status;
    }
    run(handle_[backward][fits], backward, first, second);
    if (expands() && backward) copy_elements(work, complex.stride, 2, to, real.stride, 1, real.count, dims);
    const double factor = scale_factor(scale, problem_.logical);
    if (factor != 1) scale_elements(to, backward ? problem_.input : problem_.output, dims, T(factor));
    return EWALD_STATUS_OK;
  }

private:
  using Complex = typename FftwApi<T>::Complex;
  static Complex* complex(T* numbers) { return reinterpret_cast<Complex*>(numbers); }

  bool expands() const { return problem_.kind == EWALD_FFT_KIND_REAL_C2C; }
  // c2r of several axes cannot preserve its input.
  bool copies_input() const { return problem_.kind == EWALD_FFT_KIND_R2C && !problem_.in_place; }
  // Real to full complex runs as a complex transform in the output, and backward in the workspace, which has the same
  // layout.
  const Side& source(bool backward) const { return backward || expands() ? problem_.output : problem_.input; }
  const Side& target(bool backward) const { return backward && !expands() ? problem_.input : problem_.output; }

  bool aligned(const void* address) const {
    if (api_.alignment_of == nullptr) return true;
    return api_.alignment_of(const_cast<T*>(static_cast<const T*>(address))) == 0;
  }

  // Makes the plan of a direction on separate memory, because measuring overwrites both arrays.
  int32_t plan(uint32_t backward, bool fits, Stop& stop) {
    const bool same = problem_.in_place || (expands() && !backward);
    const Side &from = source(backward), &to = target(backward);
    const size_t from_bytes = from.size * (from.complex ? 2 : 1) * sizeof(T),
                 to_bytes = to.size * (to.complex ? 2 : 1) * sizeof(T);
    T* in = static_cast<T*>(allocate(same && to_bytes > from_bytes ? to_bytes : from_bytes));
    T* out = same ? in : static_cast<T*>(allocate(to_bytes));
    fftw::Handle handle = nullptr;
    if (in != nullptr && out != nullptr) {
      const std::lock_guard<std::mutex> lock(planner());
      if (api_.plan_with_threads != nullptr) api_.plan_with_threads(threads_);
      // The planner checks its time limit between two candidates: a limit of zero ends this planning and no other.
      const bool wanted = stop.enter([this] {
        if (api_.set_timelimit != nullptr) api_.set_timelimit(0);
      });
      if (wanted) handle = make(geometry_[backward], backward, in, out, rigor_ | (fits ? 0 : fftw::unaligned));
      stop.leave();
      if (stop.asked() && api_.set_timelimit != nullptr) api_.set_timelimit(fftw::no_timelimit);
    }
    const bool memory = in != nullptr && out != nullptr;
    if (!same) release(out);
    release(in);
    if (!memory)
      return fail(EWALD_STATUS_OUT_OF_MEMORY, "%s: %zu bytes of memory for planning could not be allocated", name_,
                  from_bytes + to_bytes);
    if (handle == nullptr && stop.asked()) return fail(EWALD_STATUS_INTERNAL, "%s: planning was aborted", name_);
    if (handle == nullptr)
      return fail(EWALD_STATUS_NO_DEVICE,
          "%s could not create a plan for this transform; it does not support the layout", name_);
    handle_[backward][fits] = handle;
    return EWALD_STATUS_OK;
  }

  fftw::Handle make(const Geometry& g, bool backward, T* in, T* out, unsigned flags) const {
    const unsigned keep = flags | (in == out ? 0 : fftw::preserve_input);
    switch (problem_.kind) {
      case EWALD_FFT_KIND_R2R:
        return api_.plan_r2r(g.axes, g.axis, g.loops, g.loop, in, out, g.kind, keep);
      case EWALD_FFT_KIND_R2C:
        if (!backward) return api_.plan_r2c(g.axes, g.axis, g.loops, g.loop, in, complex(out), keep);
        return api_.plan_c2r(g.axes, g.axis, g.loops, g.loop, complex(in), out, flags | fftw::destroy_input);
      default:
        return api_.plan_c2c(g.axes, g.axis, g.loops, g.loop, complex(in), complex(out),
                             backward ? fftw::backward : fftw::forward, keep);
    }
  }

  void run(fftw::Handle handle, bool backward, T* in, T* out) const {
    switch (problem_.kind) {
      case EWALD_FFT_KIND_R2R:
        return api_.run_r2r(handle, in, out);
      case EWALD_FFT_KIND_R2C:
        return backward ? api_.run_c2r(handle, complex(in), out) : api_.run_r2c(handle, in, complex(out));
      default:
        return api_.run_c2c(handle, complex(in), complex(out));
    }
  }

  const FftwApi<T> api_;
  const Problem problem_;
  const char* const name_;
  const unsigned rigor_;
  const int threads_;
  Geometry geometry_[2];
  // By direction, and whether the arrays are aligned; plans for unaligned arrays are made when the first such array is
  // used.
  fftw::Handle handle_[2][2] = {};
  T* scratch_ = nullptr;
};

template <class T>
bool load(const FftwLimits& limits, const Libraries& libraries, FftwApi<T>& api, Library& library, std::string& why) {
  const std::string prefix = sizeof(T) == 4 ? "fftwf_" : "fftw_";
  library = Library::open(libraries[0], (prefix + "plan_guru_dft").c_str(), why);
  if (!library) return false;
  std::string ignored, missing;
  // MKL's threads are in the library itself and are chosen before anything else is called.
  const Library threads =
      libraries.size() > 1 ? Library::open(libraries[1], (prefix + "init_threads").c_str(), ignored) : Library();
  if (!api.load(library, threads, missing)) {
    why = "the library has no " + missing;
    return false;
  }
  if (limits.mkl) {
    int (*set_layer)(int) = nullptr;
    // Its OpenMP layer ends the process when it does not find its own runtime library; 1 is the sequential layer.
    static std::once_flag once;
    if (std::getenv("MKL_THREADING_LAYER") == nullptr && library.find("MKL_Set_Threading_Layer", set_layer))
      std::call_once(once, [&] { set_layer(1); });
  }
  if (api.init_threads != nullptr) {
    const std::lock_guard<std::mutex> lock(planner());
    if (api.init_threads() == 0) api.plan_with_threads = nullptr;
  }
  return true;
}

template <class T>
Found find_with(const FftwLimits& limits, const Libraries& libraries) {
  Found found;
  FftwApi<T> api;
  Library library;
  if (!load(limits, libraries, api, library, found.why)) return found;
  found.available = true;
  found.file = Library::file_of(reinterpret_cast<const void*>(api.destroy));
  char text[200] = "";
  void (*mkl_version)(char*, int) = nullptr;
  if (const void* version = library.find(sizeof(T) == 4 ? "fftwf_version" : "fftw_version");
      version != nullptr && !limits.mkl)
    found.version = static_cast<const char*>(version);
  else if (library.find("MKL_Get_Version_String", mkl_version)) {
    mkl_version(text, int(sizeof text) - 1);
    found.version = text;
  }
  if (api.plan_with_threads != nullptr) found.version += ", threads";
  return found;
}

template <class T>
int32_t create_with(const FftwLimits& limits, const Libraries& libraries, const Problem& problem, uint32_t threads,
                    bool measure, Stop& stop, std::unique_ptr<Plan>& plan) {
  FftwApi<T> api;
  Library library;
  std::string why;
  if (!load(limits, libraries, api, library, why))
    return fail(EWALD_STATUS_NO_DEVICE, "%s: %s", limits.name, why.c_str());
  const Geometry g = geometry_of(problem, problem.input, problem.output, false);
  if (uint32_t(g.axes) > limits.max_axes)
    return fail(EWALD_STATUS_NO_DEVICE, "%s transforms at most %u axes, not %d", limits.name, limits.max_axes, g.axes);
  if (problem.kind == EWALD_FFT_KIND_R2R && uint32_t(g.axes) > limits.max_r2r_axes)
    return fail(EWALD_STATUS_NO_DEVICE,
        "%s computes sine and cosine transforms along one axis at a time, not %d", limits.name,
                g.axes);
  if (uint32_t(g.loops) > limits.max_loops)
    return fail(EWALD_STATUS_NO_DEVICE,
                "%s repeats a transform along one stride; the batch and untransformed axes of this plan require %d",
                limits.name, g.loops);
  const bool large = problem.input.size > worth_threads || problem.output.size > worth_threads;
  const uint32_t count = threads != 0 ? threads : large ? thread_count(0) : 1;
  auto made =
      std::make_unique<FftwPlan<T>>(api, problem, limits.name, measure ? fftw::measure : fftw::estimate, int(count));
  const int32_t status = made->prepare(stop);
  if (status == EWALD_STATUS_OK) plan = std::move(made);
  return status;
}

}  // namespace

Found find_fftw(const FftwLimits& limits, const Libraries& libraries, bool f64) {
  return f64 ? find_with<double>(limits, libraries) : find_with<float>(limits, libraries);
}

int32_t create_fftw(const FftwLimits& limits, const Libraries& libraries, const Problem& problem, bool f64,
                    uint32_t threads, bool measure, Stop& stop, std::unique_ptr<Plan>& plan) {
  return f64 ? create_with<double>(limits, libraries, problem, threads, measure, stop, plan)
             : create_with<float>(limits, libraries, problem, threads, measure, stop, plan);
}

}  // namespace ewald::engines
