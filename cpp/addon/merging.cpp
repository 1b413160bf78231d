// Bindings of cpp/merging.
#include "addon/room.h"
#include "addon/task.h"

namespace ewald::addon {
namespace {

// The arguments of both passes, in this order: pass, numbers (gain, proportional2, centres of ln G and ln r), ten
// columns, parameters, weights, selected, model or null.
constexpr size_t first_column = 2, columns = 10, shared_arguments = 16;

class Pass : public Task {
public:
  explicit Pass(const CallbackInfo& info) : pass(struct_of<ewald_merging_pass>(info, 0)) {
    const double* numbers = elements<double>(info, 1, 4);
    fit_ = {nullptr, nullptr, nullptr, numbers[0], numbers[1], numbers[2], numbers[3]};
    const size_t n = pass.observations, c = pass.crystals;
    const size_t sizes[] = {2 * n, 2 * n, 2 * n, 4 * n, 4 * n, 4 * n, 4 * (c + 1), 72 * c, 8 * c, 8 * c,
                            8 * EWALD_MERGING_PARAMETERS * c, 8 * c, c};
    buffers.reserve(shared_arguments + 5);
    constexpr size_t parameters = first_column + columns;
    for (size_t i = 0; i < columns + 3; i++) take(info, first_column + i, sizes[i], first_column + i == parameters);
    with_model_ = !info[shared_arguments - 1].IsNull();
    if (with_model_) take(info, shared_arguments - 1, size_t(8) * pass.unique, false);
    shared_ = buffers.size();
  }
  void take(const CallbackInfo& info, size_t index, size_t bytes, bool written) {
    buffers.emplace_back(info.Env(), info[index], view_at(info, index, bytes), written);
  }
  ewald_merging_pass pass;

protected:
  template <class T>
  T* at(size_t index) {
    return reinterpret_cast<T*>(buffers[index].data());
  }
  // Arrays that follow the shared ones.
  template <class T>
  T* further(size_t index) {
    return at<T>(shared_ + index);
  }
  ewald_merging_columns columns_of() {
    return {at<int16_t>(0), at<int16_t>(1), at<int16_t>(2), at<float>(3),  at<float>(4),
            at<uint32_t>(5), at<uint32_t>(6), at<double>(7), at<double>(8), at<double>(9)};
  }
  const ewald_merging_fit& fit() {
    fit_.parameters = at<double>(10);
    fit_.weights = at<double>(11);
    fit_.selected = at<uint8_t>(12);
    return fit_;
  }
  const double* model() { return with_model_ ? at<double>(13) : nullptr; }

private:
  ewald_merging_fit fit_{};
  bool with_model_ = false;
  size_t shared_ = 0;
};

class Sum : public Pass {
public:
  using Pass::Pass;

protected:
  int32_t work() override {
    const ewald_merging_columns columns = columns_of();
    return ewald_merging_sum(&pass, &columns, &fit(), model(), further<double>(0));
  }
};

class Refine : public Pass {
public:
  using Pass::Pass;

protected:
  int32_t work() override {
    const ewald_merging_columns columns = columns_of();
    return ewald_merging_refine(&pass, &columns, &fit(), model(), further<double>(0), further<double>(1),
                                further<double>(2), further<uint32_t>(3), further<double>(4), &count_);
  }
  napi_value answer(napi_env env) override {
    napi_value value = nullptr;
    return napi_create_uint32(env, count_, &value) == napi_ok ? value : nullptr;
  }

private:
  uint32_t count_ = 0;
};

// mergingSum(shared arguments, sums: Float64Array) -> Promise
Napi::Value sum(const CallbackInfo& info) {
  auto task = std::make_unique<Sum>(info);
  task->take(info, shared_arguments, size_t(8) * task->pass.unique * task->pass.width, true);
  return Task::start(info.Env(), std::move(task));
}

// mergingRefine(shared arguments, numerator, information, deviation2, compared, excess) -> Promise<count of excess>
Napi::Value refine(const CallbackInfo& info) {
  auto task = std::make_unique<Refine>(info);
  const ewald_merging_pass& pass = task->pass;
  const size_t sizes[] = {size_t(8) * pass.unique, size_t(8) * pass.unique, size_t(8) * pass.crystals,
                          size_t(4) * pass.crystals, size_t(8) * pass.observations};
  for (size_t i = 0; i < 5; i++) task->take(info, shared_arguments + i, sizes[i], i >= 2);
  return Task::start(info.Env(), std::move(task));
}

const Room room([](Napi::Env env, Napi::Object exports) {
  exports.Set("mergingSum", Napi::Function::New(env, sum, "mergingSum"));
  exports.Set("mergingRefine", Napi::Function::New(env, refine, "mergingRefine"));
});

}  // namespace
}  // namespace ewald::addon
