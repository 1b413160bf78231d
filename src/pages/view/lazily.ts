/** Code that the page loads when it is first needed, so that it appears sooner. */
import { redraw, viewer } from './app.js';

/**
 * A function that returns a part of the page, and requests it at its first call; undefined while it is loaded. After
 * that, `ready` is called and the page is drawn again.
 */
export function lazily<T>(load: () => Promise<T>, ready: (part: T) => void = () => undefined): () => T | undefined {
  let part: T | undefined;
  let isLoading = false;
  return () => {
    if (isLoading) return part;
    isLoading = true;
    load()
      .then((loaded) => {
        ready(loaded);
        part = loaded;
        redraw();
      })
      .catch((error) => {
        // The server of the page may have ended before the code was loaded.
        isLoading = false;
        viewer.fail(error);
      });
    return part;
  };
}
