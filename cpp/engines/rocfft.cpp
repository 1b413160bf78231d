// rocFFT through HIP's runtime. Prototypes and constants as the rocFFT and HIP manuals give them.
#include <mutex>

#include "common/status.h"
#include "engines/gpu.h"

namespace ewald::engines {
namespace {

using Handle = struct PlanOfRocfft*;
using Info = struct InfoOfRocfft*;
constexpr int not_in_place = 1;
enum Type : int { complex_forward, complex_inverse, real_forward, real_inverse };
constexpr int max_axes = 3;

struct Api {
  int (*setup)();
  int (*plan_create)(Handle* plan, int placement, int type, int precision, size_t dimensions, const size_t* lengths,
                     size_t transforms, void* description);
  int (*plan_destroy)(Handle plan);
  int (*plan_work)(Handle plan, size_t* bytes);
  int (*info_create)(Info* info);
  int (*info_destroy)(Info info);
  int (*info_set_work)(Info info, void* work, size_t bytes);
  int (*execute)(Handle plan, void** in, void** out, Info info);
  int (*version)(char* text, size_t length);

  bool load(const Library& library, std::string& missing) {
    const auto need = [&](const char* name, auto*& function) {
      if (library.find(std::string("rocfft_") + name, function)) return true;
      if (missing.empty()) missing = std::string("rocfft_") + name;
      return false;
    };
    return need("setup", setup) & need("plan_create", plan_create) & need("plan_destroy", plan_destroy) &
           need("plan_get_work_buffer_size", plan_work) & need("execution_info_create", info_create) &
           need("execution_info_destroy", info_destroy) & need("execution_info_set_work_buffer", info_set_work) &
           need("execute", execute) & need("get_version_string", version);
  }
};

class RocfftPlan final : public GpuPlan {
public:
  RocfftPlan(const Api& api, const Runtime& runtime, const fft::Problem& problem, const Layout& layout, bool f64)
      : GpuPlan(runtime, problem, layout, f64), api_(api) {}
  ~RocfftPlan() override {
    if (info_ != nullptr) api_.info_destroy(info_);
    for (Handle plan : plan_)
      if (plan != nullptr) api_.plan_destroy(plan);
    if (work_ != nullptr) runtime_.release(work_);
  }

  int32_t prepare() {
    const bool real = problem_.kind == EWALD_FFT_KIND_R2C;
    size_t lengths[max_axes], work = 0;
    // It counts axes from the fastest.
    for (int i = 0; i < layout_.axes; i++) lengths[i] = layout_.length[layout_.axes - 1 - i];
    for (uint32_t d = 0; d < 2; d++) {
      const int type = int(d) + (real ? int(real_forward) : int(complex_forward));
      const int status = api_.plan_create(&plan_[d], not_in_place, type, f64_ ? 1 : 0, size_t(layout_.axes), lengths,
                                          layout_.batch, nullptr);
      if (status != 0) return fail(EWALD_STATUS_NO_DEVICE,
          "rocFFT could not create a plan for this transform (status %d)", status);
      size_t size = 0;
      if (api_.plan_work(plan_[d], &size) == 0 && size > work) work = size;
    }
    if (work > 0) {
      if (const int32_t status = check(runtime_.allocate(&work_, work), "memory", work); status != EWALD_STATUS_OK)
        return status;
      if (api_.info_create(&info_) != 0 || api_.info_set_work(info_, work_, work) != 0)
        return fail(EWALD_STATUS_DEVICE, "rocFFT rejected its work buffer of %zu bytes", work);
    }
    return allocate_sides(work);
  }

protected:
  int32_t transform(uint32_t direction, void* from, void* to) override {
    const int status = api_.execute(plan_[direction & 1], &from, &to, info_);
    return status == 0 ? EWALD_STATUS_OK
                       : fail(EWALD_STATUS_DEVICE, "rocFFT: the transform failed with status %d", status);
  }

private:
  const Api api_;
  Handle plan_[2] = {};
  Info info_ = nullptr;
  void* work_ = nullptr;
};

bool load(const Libraries& libraries, Api& api, Runtime& runtime, std::string& why) {
  const Library library = Library::open(libraries[0], "rocfft_plan_create", why);
  const Library support = library ? Library::open(libraries[1], "hipMalloc", why) : Library();
  if (!support) return false;
  std::string missing;
  if (!api.load(library, missing) || !runtime.load(support, "hip", missing)) {
    why = "the library has no " + missing;
    return false;
  }
  why = runtime.no_device();
  if (!why.empty()) return false;
  static std::once_flag once;
  std::call_once(once, [&] { api.setup(); });
  return true;
}

}  // namespace

Found find_rocfft(const Libraries& libraries) {
  Found found;
  Api api;
  Runtime runtime;
  found.available = load(libraries, api, runtime, found.why);
  if (!found.available) return found;
  found.file = Library::file_of(reinterpret_cast<const void*>(api.plan_destroy));
  char text[100] = "";
  if (api.version(text, sizeof text - 1) == 0) found.version = text;
  return found;
}

int32_t create_rocfft(const Libraries& libraries, const fft::Problem& problem, bool f64, std::unique_ptr<Plan>& plan) {
  Api api;
  Runtime runtime;
  std::string why;
  if (!load(libraries, api, runtime, why)) return fail(EWALD_STATUS_NO_DEVICE, "rocFFT: %s", why.c_str());
  const Layout layout = layout_of(problem);
  if (layout.axes > max_axes)
    return fail(EWALD_STATUS_NO_DEVICE, "rocFFT transforms at most %d axes, not %d", max_axes, layout.axes);
  auto made = std::make_unique<RocfftPlan>(api, runtime, problem, layout, f64);
  const int32_t status = made->prepare();
  if (status == EWALD_STATUS_OK) plan = std::move(made);
  return status;
}

}  // namespace ewald::engines
