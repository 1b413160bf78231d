#include "common/status.h"

#include <cstdarg>
#include <cstdio>

namespace ewald {
namespace {

thread_local char last_error[512] = "";

}  // namespace

int32_t fail(ewald_status status, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(last_error, sizeof last_error, format, arguments);
  va_end(arguments);
  return status;
}

const char* last_error_text() { return last_error; }

}  // namespace ewald
