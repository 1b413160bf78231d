// cuFFT through CUDA's runtime. Prototypes and constants as the cuFFT and CUDA manuals give them.
#include "common/status.h"
#include "engines/gpu.h"

namespace ewald::engines {
namespace {

using Handle = int;
enum Type : int { r2c = 0x2a, c2r = 0x2c, c2c = 0x29, d2z = 0x6a, z2d = 0x6c, z2z = 0x69 };
constexpr int forward = -1, inverse = 1;
constexpr int max_axes = 3;

struct Api {
  int (*plan_many)(Handle* plan, int rank, int* lengths, int* in_embed, int in_stride, int in_distance, int* out_embed,
                   int out_stride, int out_distance, int type, int batch);
  int (*run_c2c)(Handle plan, void* in, void* out, int direction);
  int (*run_z2z)(Handle plan, void* in, void* out, int direction);
  int (*run_r2c)(Handle plan, void* in, void* out);
  int (*run_c2r)(Handle plan, void* in, void* out);
  int (*run_d2z)(Handle plan, void* in, void* out);
  int (*run_z2d)(Handle plan, void* in, void* out);
  int (*get_size)(Handle plan, size_t* bytes);
  int (*get_version)(int* version);
  int (*destroy)(Handle plan);

  bool load(const Library& library, std::string& missing) {
    const auto need = [&](const char* name, auto*& function) {
      if (library.find(name, function)) return true;
      if (missing.empty()) missing = name;
      return false;
    };
    return need("cufftPlanMany", plan_many) & need("cufftExecC2C", run_c2c) & need("cufftExecZ2Z", run_z2z) &
           need("cufftExecR2C", run_r2c) & need("cufftExecC2R", run_c2r) & need("cufftExecD2Z", run_d2z) &
           need("cufftExecZ2D", run_z2d) & need("cufftGetSize", get_size) & need("cufftGetVersion", get_version) &
           need("cufftDestroy", destroy);
  }
};

class CufftPlan final : public GpuPlan {
public:
  CufftPlan(const Api& api, const Runtime& runtime, const fft::Problem& problem, const Layout& layout, bool f64)
      : GpuPlan(runtime, problem, layout, f64), api_(api) {}
  ~CufftPlan() override {
    for (uint32_t i = 0; i < made_; i++) api_.destroy(plan_[i]);
  }

  // A complex plan serves both directions, a real plan only one.
  int32_t prepare() {
    const bool real = problem_.kind == EWALD_FFT_KIND_R2C;
    const int types[2] = {real ? (f64_ ? d2z : r2c) : (f64_ ? z2z : c2c), f64_ ? z2d : c2r};
    size_t work = 0;
    for (int type : {types[0], real ? types[1] : 0}) {
      if (type == 0) break;
      int lengths[max_axes];
      for (int i = 0; i < layout_.axes; i++) lengths[i] = int(layout_.length[i]);
      const int status =
          api_.plan_many(&plan_[made_], layout_.axes, lengths, nullptr, 1, 0, nullptr, 1, 0, type, int(layout_.batch));
      if (status != 0) return refused(status);
      made_++;
      size_t size = 0;
      if (api_.get_size(plan_[made_ - 1], &size) == 0) work += size;
    }
    return allocate_sides(work);
  }

protected:
  int32_t transform(uint32_t direction, void* from, void* to) override {
    int status = 0;
    if (problem_.kind != EWALD_FFT_KIND_R2C)
      status = (f64_ ? api_.run_z2z : api_.run_c2c)(plan_[0], from, to, direction == 0 ? forward : inverse);
    else if (direction == 0)
      status = (f64_ ? api_.run_d2z : api_.run_r2c)(plan_[0], from, to);
    else
      status = (f64_ ? api_.run_z2d : api_.run_c2r)(plan_[1], from, to);
    return status == 0 ? EWALD_STATUS_OK
                       : fail(EWALD_STATUS_DEVICE, "cuFFT: the transform failed with status %d", status);
  }

private:
  static int32_t refused(int status) {
    // CUFFT_ALLOC_FAILED
    if (status == 2)
      return fail(EWALD_STATUS_OUT_OF_MEMORY, "cuFFT: the work area of the plan could not be allocated on the device");
    return fail(EWALD_STATUS_NO_DEVICE, "cuFFT could not create a plan for this transform (status %d)", status);
  }

  const Api api_;
  Handle plan_[2] = {};
  uint32_t made_ = 0;
};

bool load(const Libraries& libraries, Api& api, Runtime& runtime, std::string& why) {
  const Library library = Library::open(libraries[0], "cufftPlanMany", why);
  const Library support = library ? Library::open(libraries[1], "cudaMalloc", why) : Library();
  if (!support) return false;
  std::string missing;
  if (!api.load(library, missing) || !runtime.load(support, "cuda", missing)) {
    why = "the library has no " + missing;
    return false;
  }
  why = runtime.no_device();
  return why.empty();
}

}  // namespace

Found find_cufft(const Libraries& libraries) {
  Found found;
  Api api;
  Runtime runtime;
  found.available = load(libraries, api, runtime, found.why);
  if (!found.available) return found;
  found.file = Library::file_of(reinterpret_cast<const void*>(api.destroy));
  int version = 0;
  // 11200 is 11.2.
  if (api.get_version(&version) == 0)
    found.version = std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 100);
  return found;
}

int32_t create_cufft(const Libraries& libraries, const fft::Problem& problem, bool f64, std::unique_ptr<Plan>& plan) {
  Api api;
  Runtime runtime;
  std::string why;
  if (!load(libraries, api, runtime, why)) return fail(EWALD_STATUS_NO_DEVICE, "cuFFT: %s", why.c_str());
  const Layout layout = layout_of(problem);
  if (layout.axes > max_axes)
    return fail(EWALD_STATUS_NO_DEVICE, "cuFFT transforms at most %d axes, not %d", max_axes, layout.axes);
  auto made = std::make_unique<CufftPlan>(api, runtime, problem, layout, f64);
  const int32_t status = made->prepare();
  if (status == EWALD_STATUS_OK) plan = std::move(made);
  return status;
}

}  // namespace ewald::engines
