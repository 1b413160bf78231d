! approximate_pi_fortran of pi.h: bind(c) gives it its C name, and `value` passes the number by value as in C.
function approximate_pi_fortran(num_points) bind(c) result(approximation)
  use, intrinsic :: iso_c_binding, only: c_int, c_double, c_int64_t
  implicit none
  integer(c_int), value :: num_points
  real(c_double) :: approximation
  ! The generator of Park and Miller, as in pi.c.
  integer(c_int64_t), parameter :: modulus = 2147483647_c_int64_t
  integer(c_int64_t) :: state, inside
  real(c_double) :: x, y
  integer(c_int) :: i

  state = 1
  inside = 0
  do i = 1, num_points
    state = mod(16807_c_int64_t * state, modulus)
    x = real(state, c_double) / real(modulus, c_double)
    state = mod(16807_c_int64_t * state, modulus)
    y = real(state, c_double) / real(modulus, c_double)
    if (x * x + y * y <= 1.0_c_double) inside = inside + 1
  end do
  approximation = 4.0_c_double * real(inside, c_double) / real(num_points, c_double)
end function
