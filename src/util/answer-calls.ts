/** Answers calls of another thread; see port-calls.ts. */
import type { PlainError } from './errors.js';
import { type Call, type Calls, type Handlers, isReply, type Message, refusal } from './port-calls.js';
import type { Port, Transfer } from './worker-port.js';

/**
 * Answers the calls that arrive at a port; one without a handler is refused. `plain` is what is sent of an error. With
 * `inOrder`, each call waits for those before it.
 */
export function answerCalls<C extends Calls<C>>(
  port: Port,
  handlers: Handlers<C>,
  { plain, inOrder = false }: { plain(error: unknown): PlainError; readonly inOrder?: boolean },
): void {
  const running = new Map<unknown, AbortController>();
  let last = Promise.resolve();
  port.onMessage((message) => {
    const request: Message = Object(message);
    if (isReply(request)) return;
    if (request.cancel) {
      running.get(request.id)?.abort();
      return;
    }
    const controller = new AbortController();
    running.set(request.id, controller);
    const begin = (): Promise<void> => answer(request, controller.signal);
    if (inOrder) last = last.then(begin);
    else void begin();
  });

  async function answer({ id, call, options }: Message, signal: AbortSignal): Promise<void> {
    const fail = (error: PlainError): void => port.post({ id, error });
    try {
      if (!Object.hasOwn(handlers, call as string)) {
        const known = Object.keys(handlers).join(', ');
        return fail(refusal('Argument', `the worker has no call ${JSON.stringify(call)}; expected one of ${known}`));
      }
      const handler = handlers[call as keyof C] as Handlers<Record<string, Call>>[string];
      const report = (progress: unknown, moved?: Transfer): void => port.post({ id, progress }, moved);
      const [value, transfer] = await handler(options, signal, report);
      try {
        port.post({ id, call, value }, transfer);
      } catch (error) {
        // A task is named by its own number.
        const { id: of = '' } = Object(options) as { readonly id?: unknown };
        const why = plain(error).message;
        fail(refusal('Argument', `the result of ${`${call} ${of}`.trim()} cannot be sent: ${why}`));
      }
    } catch (error) {
      fail(plain(error));
    } finally {
      running.delete(id);
    }
  }
}
