/** The tag a promise is rejected with; 'none' where it is not. */
export const rejection = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: { tag?: string }) => error.tag ?? String(error),
  );
