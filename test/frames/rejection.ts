/** The tag of the error with which a promise rejects; 'none' if it does not reject. */
export const rejection = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: { tag?: string }) => error.tag ?? String(error),
  );
