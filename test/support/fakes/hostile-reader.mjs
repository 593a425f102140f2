// Preloaded into the daemon of a test: the reader of an image called hostile-FAULT-METHOD.iso misbehaves when it is
// asked for METHOD, as an image would have it that found a hole in the parsers. FAULT: loop, eat (all memory), crash.
import { setTimeout } from 'node:timers/promises';
import { isMainThread, parentPort } from 'node:worker_threads';

/** Milliseconds before it begins, so that a test can do something first with a mount that is there. */
const DELAY = 1500;

const FAULTS = {
  loop: () => {
    for (;;);
  },
  eat: () => {
    const kept = [];
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, i) => ({ i })));
  },
  crash: () => {
    process.nextTick(() => {
      throw new RangeError('Invalid array length');
    });
  },
};

if (!isMainThread && parentPort !== null) {
  const on = parentPort.on.bind(parentPort);
  let fault;
  let method;
  parentPort.on = (event, listener) => {
    if (event !== 'message') return on(event, listener);
    return on(event, (call) => {
      [, fault, method] = /hostile-(\w+)-(\w+)\.iso$/.exec(call.params?.path ?? '') ?? [
        undefined,
        fault,
        method,
      ];
      if (call.method !== method) listener(call);
      else if (method === 'open') FAULTS[fault]();
      else void setTimeout(DELAY).then(FAULTS[fault]);
    });
  };
}
