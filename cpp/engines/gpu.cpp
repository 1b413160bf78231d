#include "engines/gpu.h"

#include "common/memory.h"
#include "common/status.h"
#include "engines/lines.h"

namespace ewald::engines {

bool Runtime::load(const Library& library, const char* prefix, std::string& missing) {
  name = prefix;
  const auto need = [&](const char* function_name, auto*& function) {
    if (library.find(std::string(prefix) + function_name, function)) return true;
    if (missing.empty()) missing = std::string(prefix) + function_name;
    return false;
  };
  return need("Malloc", allocate) & need("Free", release) & need("Memcpy", copy) &
         need("DeviceSynchronize", synchronize) & need("GetDeviceCount", count) & need("GetErrorString", text);
}

std::string Runtime::no_device() const {
  int devices = 0;
  const int error = count(&devices);
  if (error != 0) return std::string("the ") + name + " runtime finds no device: " + text(error);
  return devices == 0 ? std::string("the ") + name + " runtime finds no device" : std::string();
}

Layout layout_of(const fft::Problem& problem) {
  Layout layout;
  const bool halves = problem.kind == EWALD_FFT_KIND_R2C;
  // Dimensions of the problem in the order of the GPU; axes of length 1 are left to the loops, because they change
  // nothing.
  uint32_t order[fft::max_dims], dims = 0;
  const auto transformed = [&](uint32_t d) {
    return d > 0 && (problem.axes >> (d - 1) & 1) != 0 &&
           (problem.shape[d] > 1 || (halves && d == problem.reduced + 1));
  };
  for (uint32_t d = 0; d <= problem.rank; d++) {
    if (transformed(d)) continue;
    order[dims++] = d;
    layout.batch *= problem.shape[d];
  }
  for (uint32_t d = 1; d <= problem.rank; d++) {
    if (!transformed(d) || (halves && d == problem.reduced + 1)) continue;
    order[dims++] = d;
    layout.length[layout.axes++] = problem.shape[d];
  }
  if (halves) {
    order[dims++] = problem.reduced + 1;
    layout.length[layout.axes++] = problem.shape[problem.reduced + 1];
  }
  if (layout.axes == 0) layout.length[layout.axes++] = 1;
  const fft::Side* sides[2] = {&problem.input, &problem.output};
  for (uint32_t s = 0; s < 2; s++) {
    Packed& packed = layout.side[s];
    const fft::Side& given = *sides[s];
    packed.complex = given.complex || !halves;
    packed.direct = packed.complex == given.complex;
    size_t stride = 1;
    for (uint32_t at = dims; at-- > 0;) {
      const uint32_t d = order[at];
      packed.count[d] = given.count[d];
      packed.stride[d] = stride;
      if (given.count[d] > 1 && given.stride[d] != stride) packed.direct = false;
      stride *= given.count[d];
    }
    packed.numbers = stride * (packed.complex ? 2 : 1);
  }
  return layout;
}

GpuPlan::GpuPlan(const Runtime& runtime, const fft::Problem& problem, const Layout& layout, bool f64)
    : runtime_(runtime), problem_(problem), layout_(layout), f64_(f64) {
  input = problem.input.size;
  output = problem.output.size;
}

GpuPlan::~GpuPlan() {
  for (void* memory : device_)
    if (memory != nullptr) runtime_.release(memory);
  for (void* memory : host_) release(memory);
}

int32_t GpuPlan::check(int error, const char* what, size_t size) const {
  if (error == 0) return EWALD_STATUS_OK;
  if (error == Runtime::no_memory && size > 0)
    return fail(EWALD_STATUS_OUT_OF_MEMORY,
        "%s: %zu bytes could not be allocated on the device: %s", runtime_.name, size,
                runtime_.text(error));
  return fail(EWALD_STATUS_DEVICE, "%s: %s: %s", runtime_.name, what, runtime_.text(error));
}

int32_t GpuPlan::allocate_sides(size_t work) {
  bytes = work;
  for (uint32_t s = 0; s < 2; s++) {
    const size_t size = layout_.side[s].numbers * (f64_ ? 8 : 4);
    if (const int32_t status = check(runtime_.allocate(&device_[s], size), "memory", size); status != EWALD_STATUS_OK)
      return status;
    bytes += size;
    if (layout_.side[s].direct) continue;
    host_[s] = allocate(size);
    if (host_[s] == nullptr)
      return fail(EWALD_STATUS_OUT_OF_MEMORY, "fft: %zu bytes of staging memory could not be allocated", size);
    bytes += size;
  }
  return EWALD_STATUS_OK;
}

int32_t GpuPlan::execute(uint32_t direction, const void* in, void* out, void*, uint32_t scale) {
  const double factor = scale_factor(scale, problem_.logical);
  if (f64_) return run(direction, static_cast<const double*>(in), static_cast<double*>(out), factor);
  return run(direction, static_cast<const float*>(in), static_cast<float*>(out), factor);
}

template <class T>
int32_t GpuPlan::run(uint32_t direction, const T* in, T* out, double factor) {
  const uint32_t a = direction & 1, b = a ^ 1, dims = problem_.rank + 1;
  const Packed &from = layout_.side[a], &to = layout_.side[b];
  const fft::Side &given = a == 0 ? problem_.input : problem_.output,
                  &wanted = a == 0 ? problem_.output : problem_.input;
  const size_t from_bytes = from.numbers * sizeof(T), to_bytes = to.numbers * sizeof(T);
  const T* source = in;
  if (!from.direct) {
    copy_elements(in, given.stride, given.complex ? 2 : 1, static_cast<T*>(host_[a]), from.stride, from.complex ? 2 : 1,
                  from.count, dims);
    source = static_cast<const T*>(host_[a]);
  }
  int32_t status = check(runtime_.copy(device_[a], source, from_bytes, Runtime::to_device), "copy to the device");
  if (status == EWALD_STATUS_OK) status = transform(direction, device_[a], device_[b]);
  if (status == EWALD_STATUS_OK) status = check(runtime_.synchronize(), "transform");
  T* target = to.direct ? out : static_cast<T*>(host_[b]);
  if (status == EWALD_STATUS_OK)
    status = check(runtime_.copy(target, device_[b], to_bytes, Runtime::to_host), "copy to the host");
  if (status != EWALD_STATUS_OK) return status;
  if (!to.direct)
    copy_elements<T>(target, to.stride, to.complex ? 2 : 1, out, wanted.stride, wanted.complex ? 2 : 1, to.count, dims);
  if (factor != 1) scale_elements(out, wanted, dims, T(factor));
  return EWALD_STATUS_OK;
}

}  // namespace ewald::engines
