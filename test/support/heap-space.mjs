/** What the allocator of C holds; undefined where it does not say (other libraries than glibc 2.33 and later). */
import koffi from 'koffi';

const fields = 'arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost'.split(' ');
const mallinfo = (() => {
  try {
    const shape = koffi.struct('mallinfo2', Object.fromEntries(fields.map((field) => [field, 'size_t'])));
    return koffi.load('libc.so.6').func('mallinfo2', shape, []);
  } catch {
    return undefined;
  }
})();

/**
 * Bytes in use, to the byte: a leak shows at once. And bytes of free space between them, which the resident set hides
 * after malloc_trim: an allocator that cannot use its holes again takes new memory for every plan.
 */
export const heapSpace =
  mallinfo &&
  (() => {
    const { uordblks, hblkhd, fordblks } = mallinfo();
    return { used: Number(uordblks) + Number(hblkhd), free: Number(fordblks) };
  });
