// Which reports of sanitizers are about our code, by reports as they are written.
import { describe, expect, it } from 'vitest';

interface SanitizerReports {
  readonly isOurs: (report: string, node?: string) => boolean;
}
const module = '../../scripts/sanitizer-reports.mjs';
const { isOurs } = (await import(module)) as SanitizerReports;

const DELETE = '#0 operator delete(void*) tsan_new_delete.cpp:150 (libtsan.so+0x86c3d)';
const WORKER = '#1 v8::platform::DefaultJobWorker::~DefaultJobWorker() <null> (node+0x1d5aa65)';
const MOVE = '#0 memmove sanitizer_common_interceptors.inc:810 (libtsan.so+0x5dc76)';
const SET = '#2 Builtins_TypedArrayPrototypeSet <null> (node+0x19ee59a)';
const FREE = '#2 __GI__dl_deallocate_tls ../elf/dl-tls.c:682 (ld-linux-x86-64.so.2+0x11785)';
const CALL = '#2 join_region /src/native/index/region-calls.cc:68 (isodrive.node+0x52c7f)';
const INVOKE = '#3 v8impl::FunctionCallbackWrapper::Invoke() <null> (node+0xc45d94)';
const OTHER = '#0 poll <null> (other.node+0x12)';

function race(first: readonly string[], second: readonly string[], origin: readonly string[] = []): string {
  const list = (frames: readonly string[]): string => frames.map((frame) => `    ${frame}\n`).join('');
  return `
WARNING: ThreadSanitizer: data race (pid=1467)
  Write of size 8 at 0x7b3000021878 by thread T5:
${list(first)}
  Previous write of size 1 at 0x7b3000021878 by thread T24:
${list(second)}
  Location is heap block of size 176 at 0x7b3000021800 allocated by thread T24:
${list(origin)}
SUMMARY: ThreadSanitizer: data race region-calls.cc:68 in join_region
`;
}

describe('A report of a sanitizer', () => {
  it.each([
    ['of two accesses of ours', true, race([CALL, INVOKE], [CALL])],
    ['of one of the C library, that we called', true, race([CALL], [DELETE, CALL, INVOKE])],
    ['of what V8 wrote before we read it', false, race([CALL, INVOKE], [MOVE, SET])],
    ['of what the C library frees of a thread that has ended', false, race([DELETE, FREE], [CALL])],
    ["of two of V8's, one of them in a call of ours", false, race([DELETE, WORKER], [DELETE, WORKER, CALL])],
    ['of memory that we had made', false, race([DELETE, WORKER], [WORKER, INVOKE], [DELETE, CALL, INVOKE])],
    ['of another addon', false, race([OTHER], [OTHER, INVOKE])],
    ['of AddressSanitizer', true, '==7==ERROR: AddressSanitizer\n    #0 0x1 in f /src/native/io/a.cc:5\n'],
    ['of UndefinedBehaviorSanitizer', true, '/src/native/io/a.hh:5:3: runtime error: signed overflow\n'],
    ['of AddressSanitizer in node', false, '==7==ERROR: AddressSanitizer\n    #0 0x1 in f (/bin/node+0x1)\n'],
  ])('%s is ours: %s', (_, expected, report) => {
    expect(isOurs(report, 'node')).toBe(expected);
  });
});
