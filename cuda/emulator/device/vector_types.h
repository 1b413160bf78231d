// float2 .. ulonglong2 with the alignment that a GPU requires: a misaligned vector access faults there, so it is
// reported here.
#pragma once

#define EWALD_VECTOR_2(type, name, bytes) \
  struct alignas(bytes) name##2 {         \
    type x, y;                            \
  };                                      \
  constexpr name##2 make_##name##2(type x, type y) { return {x, y}; }
#define EWALD_VECTOR_3(type, name) \
  struct name##3 {                 \
    type x, y, z;                  \
  };                               \
  constexpr name##3 make_##name##3(type x, type y, type z) { return {x, y, z}; }
#define EWALD_VECTOR_4(type, name, bytes) \
  struct alignas(bytes) name##4 {         \
    type x, y, z, w;                      \
  };                                      \
  constexpr name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; }
#define EWALD_VECTORS(type, name) \
  EWALD_VECTOR_2(type, name, 2 * sizeof(type)) EWALD_VECTOR_3(type, name) EWALD_VECTOR_4(type, name, 4 * sizeof(type))

EWALD_VECTORS(signed char, char)
EWALD_VECTORS(unsigned char, uchar)
EWALD_VECTORS(short, short)
EWALD_VECTORS(unsigned short, ushort)
EWALD_VECTORS(int, int)
EWALD_VECTORS(unsigned int, uint)
EWALD_VECTORS(float, float)
EWALD_VECTOR_2(double, double, 16)
EWALD_VECTOR_3(double, double)
EWALD_VECTOR_4(double, double, 16)
EWALD_VECTOR_2(long long, longlong, 16)
EWALD_VECTOR_2(unsigned long long, ulonglong, 16)
#undef EWALD_VECTORS
#undef EWALD_VECTOR_4
#undef EWALD_VECTOR_3
#undef EWALD_VECTOR_2

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
  constexpr operator uint3() const { return {x, y, z}; }
};
