// ewald_mpi.node: the calls of src/parallel/communicator/mpi.node.ts. Arguments are checked there and converted to requests
// here.
#include <napi.h>

#include <algorithm>

#include "addon/values.h"
#include "mpi/engine.h"
#include "mpi/shared.h"

namespace ewald::addon {

const char* last_error() { return "the MPI addon was built without the core"; }

}  // namespace ewald::addon

namespace ewald::mpi {
namespace {

using addon::Buffer;
using addon::CallbackInfo;
using addon::View;

napi_threadsafe_function to_javascript = nullptr;
// Active operations; the process stays alive while there are any.
int waiting = 0;

MPI_Datatype type_of(uint32_t unit) {
  if (unit == 8) return MPI_UINT64_T;
  if (unit == 4) return MPI_UINT32_T;
  if (unit == 2) return MPI_UINT16_T;
  return MPI_BYTE;
}

void reject(napi_env env, napi_deferred deferred, const char* kind, const std::string& message) {
  napi_value text = nullptr, error = nullptr, value = nullptr;
  if (napi_create_string_utf8(env, message.c_str(), message.size(), &text) == napi_ok &&
      napi_create_error(env, nullptr, text, &error) == napi_ok &&
      napi_create_string_utf8(env, kind, NAPI_AUTO_LENGTH, &value) == napi_ok &&
      napi_set_named_property(env, error, "kind", value) == napi_ok)
    napi_reject_deferred(env, deferred, error);
}

void settle(napi_env env, Operation& operation) {
  std::string changed;
  for (Buffer& buffer : operation.buffers)
    if (std::string why = buffer.give_back(); !why.empty()) changed = why;
  if (operation.ended == Operation::Ended::left)
    return reject(env, operation.deferred, "left", std::to_string(operation.key.peer));
  if (operation.ended == Operation::Ended::freed) return reject(env, operation.deferred, "freed", "");
  if (operation.code != MPI_SUCCESS) {
    int kind = 0;
    MPI_Error_class(operation.code, &kind);
    return reject(env, operation.deferred, kind == MPI_ERR_TRUNCATE ? "length" : "mpi", error_text(operation.code));
  }
  if (operation.expected >= 0 && operation.received != operation.expected)
    return reject(env, operation.deferred, "length", std::to_string(operation.received));
  if (!changed.empty()) return reject(env, operation.deferred, "changed", changed);
  napi_value list = nullptr;
  if (napi_create_array(env, &list) != napi_ok) return;
  for (size_t i = 0; i < operation.answer.size(); i++) {
    napi_value number = nullptr;
    if (napi_create_double(env, operation.answer[i], &number) != napi_ok) return;
    napi_set_element(env, list, uint32_t(i), number);
  }
  napi_resolve_deferred(env, operation.deferred, list);
}

// Called on the JavaScript thread; if `env` is null, the environment has ended.
void on_done(napi_env env, napi_value, void*, void* data) {
  const std::unique_ptr<Operation> operation(static_cast<Operation*>(data));
  if (env == nullptr) return;
  settle(env, *operation);
  if (--waiting == 0) napi_unref_threadsafe_function(env, to_javascript);
}

Napi::Value post(Napi::Env env, std::unique_ptr<Operation> operation) {
  napi_value promise = nullptr;
  if (napi_create_promise(env, &operation->deferred, &promise) != napi_ok)
    throw Napi::Error::New(env, "a promise could not be created");
  if (waiting++ == 0) napi_ref_threadsafe_function(env, to_javascript);
  Engine::instance().post(operation.release());
  return Napi::Value(env, promise);
}

int comm_of(const CallbackInfo& info) { return int(addon::uint32_of(info, 0)); }
MPI_Comm comm(int number) { return Engine::instance().groups.at(size_t(number)).comm; }

// Argument `index` as memory that is held until the operation is over.
std::pair<void*, int> take(const CallbackInfo& info, size_t index, uint32_t unit, bool written, Operation& operation) {
  const View view = addon::view_at(info, index, 0);
  operation.buffers.emplace_back(info.Env(), info[index], view, written);
  return {operation.buffers.back().data(), int(view.bytes / unit)};
}

Napi::Value start(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Engine& engine = Engine::instance();
  if (!engine.started()) {
    const Napi::Value name = Napi::String::New(env, "ewald_mpi");
    if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr, on_done,
                                        &to_javascript) != napi_ok)
      throw Napi::Error::New(env, "the thread of MPI could not be connected to JavaScript");
    napi_unref_threadsafe_function(env, to_javascript);
    engine.start(
        [](Operation* operation) { napi_call_threadsafe_function(to_javascript, operation, napi_tsfn_blocking); });
  }
  auto operation = std::make_unique<Operation>();
  operation->begin = [](Operation& self) {
    int rank = 0, size = 0;
    MPI_Comm_rank(comm(0), &rank);
    MPI_Comm_size(comm(0), &size);
    self.answer = {double(rank), double(size)};
    return MPI_SUCCESS;
  };
  return post(env, std::move(operation));
}

// send(comm, array, unit, to, tag), recv(comm, array, unit, from, tag)
Napi::Value message(const CallbackInfo& info, bool receive) {
  auto operation = std::make_unique<Operation>();
  const int group = comm_of(info), other = int(addon::uint32_of(info, 3)), tag = int(addon::uint32_of(info, 4));
  const uint32_t unit = addon::uint32_of(info, 2);
  const auto [data, count] = take(info, 1, unit, receive, *operation);
  if (receive) operation->expected = int64_t(count) * unit;
  operation->begin = [=, data = data, count = count](Operation& self) {
    const int code = receive ? MPI_Irecv(data, count, type_of(unit), other, tag, comm(group), &self.request)
                             : MPI_Isend(data, count, type_of(unit), other, tag, comm(group), &self.request);
    if (code == MPI_SUCCESS) Engine::instance().count(self, group, other, tag, receive);
    return code;
  };
  return post(info.Env(), std::move(operation));
}

// alltoallv(comm, send, recv, unit, lists), lists = Int32Array of send counts, send offsets, receive counts, offsets
Napi::Value alltoallv(const CallbackInfo& info) {
  auto operation = std::make_unique<Operation>();
  const int group = comm_of(info);
  const uint32_t unit = addon::uint32_of(info, 3);
  operation->buffers.reserve(2);
  void* send = take(info, 1, unit, false, *operation).first;
  void* recv = take(info, 2, unit, true, *operation).first;
  const View lists = addon::view_at(info, 4, 16);
  const int32_t* words = reinterpret_cast<const int32_t*>(lists.data);
  operation->counts.assign(words, words + lists.bytes / 4);
  // Open MPI mistakes equal addresses for MPI_IN_PLACE, and an empty array may have the address of the other one.
  static char no_numbers[16];
  const size_t ranks = operation->counts.size() / 4;
  const auto empty = [&](size_t list) {
    const int* counts = operation->counts.data() + list * ranks;
    return std::all_of(counts, counts + ranks, [](int count) { return count == 0; });
  };
  if (empty(0))
    send = no_numbers;
  else if (empty(2))
    recv = no_numbers;
  operation->begin = [=](Operation& self) {
    const int* list = self.counts.data();
    const size_t size = self.counts.size() / 4;
    return MPI_Ialltoallv(send, list, list + size, type_of(unit), recv, list + 2 * size, list + 3 * size, type_of(unit),
                          comm(group), &self.request);
  };
  return post(info.Env(), std::move(operation));
}

// bcast(comm, array, unit, root)
Napi::Value bcast(const CallbackInfo& info) {
  auto operation = std::make_unique<Operation>();
  const int group = comm_of(info), root = int(addon::uint32_of(info, 3));
  const uint32_t unit = addon::uint32_of(info, 2);
  const auto [data, count] = take(info, 1, unit, true, *operation);
  operation->begin = [=, data = data, count = count](Operation& self) {
    return MPI_Ibcast(data, count, type_of(unit), root, comm(group), &self.request);
  };
  return post(info.Env(), std::move(operation));
}

// gather(comm, send, recv, unit, root); recv is ignored on ranks other than the root
Napi::Value gather(const CallbackInfo& info) {
  auto operation = std::make_unique<Operation>();
  const int group = comm_of(info), root = int(addon::uint32_of(info, 4));
  const uint32_t unit = addon::uint32_of(info, 3);
  operation->buffers.reserve(2);
  const auto [send, count] = take(info, 1, unit, false, *operation);
  void* recv = info[2].IsTypedArray() ? take(info, 2, unit, true, *operation).first : nullptr;
  operation->begin = [=, send = send, count = count](Operation& self) {
    return MPI_Igather(send, count, type_of(unit), recv, count, type_of(unit), root, comm(group), &self.request);
  };
  return post(info.Env(), std::move(operation));
}

// split(comm, colour, key): number, rank and size of the group, or nothing for a negative colour
Napi::Value split(const CallbackInfo& info) {
  auto operation = std::make_unique<Operation>();
  const int group = comm_of(info);
  const int colour = info[1].As<Napi::Number>().Int32Value(), key = info[2].As<Napi::Number>().Int32Value();
  operation->begin = [=](Operation& self) {
    Engine& engine = Engine::instance();
    // Groups of one split have the same number, since they have no rank in common.
    int64_t id = 0;
    if (const int code = MPI_Allreduce(&engine.next_id, &id, 1, MPI_INT64_T, MPI_MAX, comm(group)); code != MPI_SUCCESS)
      return code;
    engine.next_id = id + 2;
    MPI_Comm made = MPI_COMM_NULL;
    const int code = MPI_Comm_split(comm(group), colour < 0 ? MPI_UNDEFINED : colour, key, &made);
    if (code != MPI_SUCCESS || made == MPI_COMM_NULL) return code;
    MPI_Comm_set_errhandler(made, MPI_ERRORS_RETURN);
    int rank = 0, size = 0;
    MPI_Comm_rank(made, &rank);
    MPI_Comm_size(made, &size);
    self.answer = {double(engine.add(made, id)), double(rank), double(size)};
    return MPI_SUCCESS;
  };
  return post(info.Env(), std::move(operation));
}

// leave(comm): ends what this rank waits for there, and notifies the others
Napi::Value leave(const CallbackInfo& info) {
  auto operation = std::make_unique<Operation>();
  const int group = comm_of(info);
  operation->begin = [=](Operation&) {
    if (comm(group) != MPI_COMM_NULL) Engine::instance().leave(group);
    return MPI_SUCCESS;
  };
  return post(info.Env(), std::move(operation));
}

// free(comm), after leave
Napi::Value free_comm(const CallbackInfo& info) {
  auto operation = std::make_unique<Operation>();
  const int group = comm_of(info);
  operation->begin = [=](Operation&) {
    Engine::instance().free(group);
    return MPI_SUCCESS;
  };
  return post(info.Env(), std::move(operation));
}

// A mapping as an ArrayBuffer, which unmaps it when it is freed; undefined where the host allows no such arrays.
Napi::Value array_of(Napi::Env env, void* memory, size_t bytes) {
  napi_value buffer = nullptr;
  const auto unmap = [](napi_env, void* data, void* size) { unmap_shared(data, reinterpret_cast<size_t>(size)); };
  const napi_status status =
      napi_create_external_arraybuffer(env, memory, bytes, unmap, reinterpret_cast<void*>(bytes), &buffer);
  if (status == napi_ok) return Napi::Value(env, buffer);
  // Other failures have unmapped it.
  if (status == napi_no_external_buffers_allowed) unmap_shared(memory, bytes);
  napi_value error = nullptr;
  napi_get_and_clear_last_exception(env, &error);
  return env.Undefined();
}

size_t bytes_at(const CallbackInfo& info, size_t index) { return size_t(info[index].As<Napi::Number>().Int64Value()); }

// createShared(bytes): the name and the buffer, or the reason for a failure and undefined
Napi::Value create_shared_array(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const size_t bytes = bytes_at(info, 0);
  const Napi::Array answer = Napi::Array::New(env);
  std::string name = "this JavaScript engine does not support it";
  void* memory = Buffer::holds_memory(env) ? create_shared(bytes, name) : nullptr;
  const Napi::Value buffer = memory != nullptr ? array_of(env, memory, bytes) : env.Undefined();
  answer.Set(uint32_t(0), Napi::String::New(env, name));
  answer.Set(uint32_t(1), buffer);
  return answer;
}

// openShared(name, bytes): the buffer, or undefined
Napi::Value open_shared_array(const CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const size_t bytes = bytes_at(info, 1);
  void* memory = Buffer::holds_memory(env) ? open_shared(info[0].As<Napi::String>().Utf8Value(), bytes) : nullptr;
  return memory != nullptr ? array_of(env, memory, bytes) : env.Undefined();
}

// closeShared(name)
Napi::Value close_shared_name(const CallbackInfo& info) {
  close_shared(info[0].As<Napi::String>().Utf8Value());
  return info.Env().Undefined();
}

// detach(buffer): frees shared memory now, as far as this process is concerned
Napi::Value detach(const CallbackInfo& info) {
  napi_detach_arraybuffer(info.Env(), info[0]);
  return info.Env().Undefined();
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, Napi::Value (*function)(const CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("start", start);
  add("send", [](const CallbackInfo& info) { return message(info, false); });
  add("recv", [](const CallbackInfo& info) { return message(info, true); });
  add("alltoallv", alltoallv);
  add("bcast", bcast);
  add("gather", gather);
  add("split", split);
  add("leave", leave);
  add("free", free_comm);
  add("createShared", create_shared_array);
  add("openShared", open_shared_array);
  add("closeShared", close_shared_name);
  add("detach", detach);
  add("library", [](const CallbackInfo& info) -> Napi::Value {
    return Napi::String::New(info.Env(), Engine::instance().library);
  });
  add("finalize", [](const CallbackInfo& info) -> Napi::Value {
    Engine::instance().finalize();
    return info.Env().Undefined();
  });
  add("abort", [](const CallbackInfo& info) -> Napi::Value {
    Engine::instance().abort(int(addon::uint32_of(info, 0)));
    return info.Env().Undefined();
  });
  return exports;
}

}  // namespace

NODE_API_MODULE(ewald_mpi, init)

}  // namespace ewald::mpi
