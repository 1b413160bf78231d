#include "mpi/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <random>

namespace ewald::mpi {
namespace {

std::string random_token() {
  std::random_device random;
  static constexpr char digits[] = "0123456789abcdef";
  std::string token;
  for (int i = 0; i < 4; i++)
    for (uint32_t bits = random(), j = 0; j < 4; j++, bits >>= 4) token += digits[bits & 15];
  return token;
}

void* map(int file, size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

#if defined(__linux__)

// An anonymous file, which no limit of /dev/shm applies to and which disappears with its last mapping, even if the
// processes are killed. The name is "process:descriptor:token"; the token is part of the file's own name, which
// /proc shows, so that neither another file nor a process of the same number elsewhere is mistaken for it.
namespace {

// Maps a file of exactly this size and closes it. fstat would require glibc 2.33.
void* map_whole(int file, size_t bytes) {
  void* memory = lseek(file, 0, SEEK_END) == off_t(bytes) ? map(file, bytes) : nullptr;
  close(file);
  return memory;
}

std::string link_of(const std::string& name) {
  const size_t first = name.find(':'), second = name.rfind(':');
  if (first == std::string::npos || second == first) return {};
  return "/proc/" + name.substr(0, first) + "/fd/" + name.substr(first + 1, second - first - 1);
}

}  // namespace

void* create_shared(size_t bytes, std::string& name) {
  const std::string token = "ewald-" + random_token();
  const int file = memfd_create(token.c_str(), MFD_CLOEXEC);
  void* memory = file >= 0 && ftruncate(file, off_t(bytes)) == 0 ? map(file, bytes) : nullptr;
  if (memory == nullptr) {
    name = strerror(errno);
    if (file >= 0) close(file);
    return nullptr;
  }
  name = std::to_string(getpid()) + ":" + std::to_string(file) + ":" + token;
  return memory;
}

void* open_shared(const std::string& name, size_t bytes) {
  const std::string link = link_of(name), wanted = "/memfd:" + name.substr(name.rfind(':') + 1) + " (deleted)";
  char target[256];
  const ssize_t length = link.empty() ? -1 : readlink(link.c_str(), target, sizeof target);
  if (length < 0 || std::string(target, size_t(length)) != wanted) return nullptr;
  const int file = open(link.c_str(), O_RDWR | O_CLOEXEC);
  return file < 0 ? nullptr : map_whole(file, bytes);
}

void close_shared(const std::string& name) {
  const std::string link = link_of(name);
  if (!link.empty()) close(atoi(link.c_str() + link.rfind('/') + 1));
}

#else

// A POSIX object, whose name is removed as soon as everybody has opened it. macOS allows 31 characters.
void* create_shared(size_t bytes, std::string& name) {
  const std::string token = "/ewald-" + random_token();
  const int file = shm_open(token.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600);
  void* memory = file >= 0 && ftruncate(file, off_t(bytes)) == 0 ? map(file, bytes) : nullptr;
  if (memory == nullptr) name = strerror(errno);
  if (file >= 0) close(file);
  if (memory != nullptr)
    name = token;
  else if (file >= 0)
    shm_unlink(token.c_str());
  return memory;
}

void* open_shared(const std::string& name, size_t bytes) {
  const int file = shm_open(name.c_str(), O_RDWR, 0600);
  if (file < 0) return nullptr;
  // macOS rounds the size up to pages.
  struct stat found = {};
  void* memory = fstat(file, &found) == 0 && size_t(found.st_size) >= bytes ? map(file, bytes) : nullptr;
  close(file);
  return memory;
}

void close_shared(const std::string& name) { shm_unlink(name.c_str()); }

#endif

void unmap_shared(void* memory, size_t bytes) { munmap(memory, bytes); }

}  // namespace ewald::mpi
