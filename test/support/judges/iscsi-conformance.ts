// Every test of libiscsi's `iscsi-test-cu`: which an optical drive passes, and why it is not asked the others. Each
// test that is left out says itself that it does not apply, in the words given here.

/** Names of tests by suite, separated by spaces. */
type Tests = Readonly<Record<string, string>>;

export interface LeftOut {
  readonly reason: string;
  /** What the tool says when it skips them, or that it fails. */
  readonly outcome: string;
  readonly tests: Tests;
}

const FAILS = 'FAILED';

const PASSED: Tests = {
  Inquiry: 'Standard AllocLength EVPD SupportedVPD VersionDescriptors',
  ModeSense6: 'AllPages Control Control-D_SENSE Residuals',
  Read6: 'Simple BeyondEol',
  Read10: 'Simple BeyondEol ZeroBlocks',
  Read12: 'Simple BeyondEol ZeroBlocks',
  ReadCapacity10: 'Simple',
  ReadCapacity16: 'Simple Alloclen Support',
  StartStopUnit: 'PwrCnd NoLoej',
  TestUnitReady: 'Simple',
  iSCSIcmdsn: 'iSCSICmdSnTooHigh iSCSICmdSnTooLow',
  iSCSIResiduals: 'Read10Invalid Read10Residuals Read12Residuals Read16Residuals',
};

export const LEFT_OUT: readonly LeftOut[] = [
  {
    reason: 'loads the disc and wants no unit attention; MMC wants one, because the disc may be another',
    outcome: FAILS,
    tests: { StartStopUnit: 'Simple' },
  },
  {
    reason: 'is for devices of type 0 (SBC) alone, as the tool has it; an optical drive is of type 5',
    outcome: 'Not SBC device. Skipping test',
    tests: {
      CompareAndWrite: 'Simple DpoFua Miscompare Unwritten',
      Inquiry: 'BlockLimits MandatoryVPDSBC',
      Mandatory: 'MandatorySBC',
      ModeSense6: 'Control-SWP',
      NoMedia: 'NoMediaSBC',
      OrWrite: 'Simple BeyondEol ZeroBlocks Protect DpoFua Verify',
      PreventAllow: 'Simple Eject ITNexusLoss Logout WarmReset ColdReset LUNReset 2ITNexuses',
      Read10: 'ReadProtect DpoFua Async',
      Read12: 'ReadProtect DpoFua',
      Read16: 'Simple BeyondEol ZeroBlocks ReadProtect DpoFua',
      ReadCapacity16: 'PI',
      Unmap: 'VPD',
      Verify10: 'VerifyProtect Dpo',
      Verify12: 'VerifyProtect Dpo',
      Verify16: 'VerifyProtect Dpo',
      Write10: 'WriteProtect DpoFua Async',
      Write12: 'WriteProtect DpoFua',
      Write16: 'Simple BeyondEol ZeroBlocks WriteProtect DpoFua',
      WriteAtomic16: 'Simple BeyondEol ZeroBlocks WriteProtect DpoFua VPD',
      WriteSame10: 'Simple BeyondEol ZeroBlocks WriteProtect UnmapVPD Check',
      WriteSame16: 'Simple BeyondEol ZeroBlocks WriteProtect UnmapVPD Check',
      WriteVerify10: 'WriteProtect Dpo',
      WriteVerify12: 'WriteProtect Dpo',
      WriteVerify16: 'Simple BeyondEol ZeroBlocks WriteProtect Dpo',
      iSCSIResiduals:
        'Write10Residuals Write12Residuals Write16Residuals ' +
        'WriteVerify10Residuals WriteVerify12Residuals WriteVerify16Residuals',
      iSCSITMF: 'AbortTaskSimpleAsync LUNResetSimpleAsync',
      MultipathIO: 'Simple Reset CompareAndWrite CompareAndWriteAsync',
    },
  },
  {
    reason: 'is about space that is allocated on demand, which a disc has not',
    outcome: 'Logical unit is fully provisioned. Skipping test',
    tests: {
      CompareAndWrite: 'InvalidDataOutSize',
      GetLBAStatus: 'UnmapSingle',
      Unmap: 'Simple ZeroBlocks',
      WriteSame10: 'Unmap UnmapUnaligned UnmapUntilEnd InvalidDataOutSize',
      WriteSame16: 'Unmap UnmapUnaligned UnmapUntilEnd InvalidDataOutSize',
    },
  },
  {
    reason: 'asks for the map of such space',
    outcome: 'GET_LBA_STATUS is not implemented.',
    tests: { GetLBAStatus: 'Simple BeyondEol' },
  },
  {
    reason: 'copies within a device, beginning with a write',
    outcome: 'WRITE16 is not implemented.',
    tests: { ExtendedCopy: 'Simple' },
  },
  {
    reason: 'copies within a device',
    outcome: 'EXTENDEDCOPY is not implemented.',
    tests: { ExtendedCopy: 'ParamHdr DescrType ValidTgtDescr ValidSegDescr' },
  },
  {
    reason: 'asks what became of such copies',
    outcome: 'RECEIVECOPYRESULT is not implemented.',
    tests: { ExtendedCopy: 'DescrLimits', ReceiveCopyResults: 'CopyStatus OpParams' },
  },
  ...['PREFETCH10', 'PREFETCH16'].map((command) => ({
    reason: 'is a command of block devices (SBC) that MMC does not have',
    outcome: `${command} is not implemented.`,
    tests: { [capitalise(command)]: 'Simple BeyondEol ZeroBlocks Flags' },
  })),
  {
    reason:
      'reserves the device for one initiator, which is optional; a disc that nobody writes can be shared',
    outcome: 'PERSISTENT RESERVE IN is not implemented.',
    tests: { PrinReadKeys: 'Simple', PrinServiceactionRange: 'Range' },
  },
  {
    reason: 'reserves the device for one initiator',
    outcome: 'PROUT Not Supported',
    tests: {
      PrinReadKeys: 'Truncate',
      PrinReportCapabilities: 'Simple',
      ProutRegister: 'Simple',
      ProutReserve:
        'Simple AccessEA AccessWE AccessEARO AccessWERO AccessEAAR AccessWEAR ' +
        'OwnershipEA OwnershipWE OwnershipEARO OwnershipWERO OwnershipEAAR OwnershipWEAR',
      ProutClear: 'Simple',
      ProutPreempt: 'RemoveRegistration',
    },
  },
  {
    reason: 'reserves the device for one initiator, by a command that SPC has given up',
    outcome: 'RESERVE6 is not implemented on target',
    tests: {
      Reserve6: 'Simple 2Initiators Logout ITNexusLoss TargetColdReset TargetWarmReset LUNReset',
    },
  },
  ...['10', '12'].map((length) => ({
    reason: 'lists defects of a magnetic disk',
    outcome: `READDEFECTDATA${length} is not implemented.`,
    tests: { [`ReadDefectData${length}`]: 'Simple' },
  })),
  {
    reason:
      'is for disks that a switch protects; an optical drive shows what cannot be written by its profile',
    outcome: 'Logical unit is not write-protected. Skipping test.',
    tests: { ReadOnly: 'ReadOnlySBC' },
  },
  {
    reason: 'asks which commands there are, which is optional; MMC has features for that',
    outcome: 'REPORT_SUPPORTED_OPCODES is not implemented.',
    tests: { ReportSupportedOpcodes: 'Simple OneCommand RCTD SERVACTV' },
  },
  {
    reason: 'erases everything',
    outcome: '--allow-sanitize flag is not set. Skipping test.',
    tests: {
      Sanitize:
        'BlockErase BlockEraseReserved CryptoErase CryptoEraseReserved ExitFailureMode ' +
        'InvalidServiceAction Overwrite OverwriteReserved Readonly Reservations Reset',
    },
  },
  ...['VERIFY10', 'VERIFY12', 'VERIFY16'].map((command) => ({
    reason: 'compares what was written; a drive that writes nothing has no use for it',
    outcome: `${command} is not implemented.`,
    tests: { [capitalise(command)]: 'Simple BeyondEol ZeroBlocks Flags Mismatch MismatchNoCmp' },
  })),
  {
    reason: 'writes',
    outcome: 'WRITE10 is not implemented.',
    tests: { Write10: 'Simple BeyondEol ZeroBlocks', iSCSIdatasn: 'iSCSIDataSnInvalid' },
  },
  {
    reason: 'writes',
    outcome: 'WRITE12 is not implemented.',
    tests: { Write12: 'Simple BeyondEol ZeroBlocks' },
  },
  ...['10', '12'].map((length) => ({
    reason: 'writes',
    outcome: `WRITEVERIFY${length} is not implemented.`,
    tests: { [`WriteVerify${length}`]: 'Simple BeyondEol ZeroBlocks Flags' },
  })),
  {
    reason: 'writes',
    outcome: 'WRITEVERIFY16 is not implemented.',
    tests: { WriteVerify16: 'Flags' },
  },
];

function capitalise(command: string): string {
  return command[0]! + command.slice(1).toLowerCase();
}

function nameTests(tests: Tests): string[] {
  return Object.entries(tests).flatMap(([suite, names]) =>
    names.split(' ').map((name) => `${suite}.${name}`),
  );
}

/**
 * What is to become of each test: `passed`, or the outcome of those that are left out. Throws for a name that is
 * twice.
 */
export function expectedOutcomes(): Map<string, string> {
  const outcomes = new Map<string, string>();
  for (const { outcome, tests } of [{ outcome: 'passed', tests: PASSED }, ...LEFT_OUT]) {
    for (const name of nameTests(tests)) {
      if (outcomes.has(name)) throw new RangeError(`Test "${name}" has two outcomes, expected one`);
      outcomes.set(name, outcome);
    }
  }
  return outcomes;
}

/** Tests as `iscsi-test-cu --list` prints them, FAMILY.SUITE.TEST; one test is in several families. */
export function parseList(text: string): Set<string> {
  const lines = text.split('\n').map((line) => line.trim().split('.'));
  return new Set(lines.filter((parts) => parts.length === 3).map(([, suite, name]) => `${suite}.${name}`));
}

/** Outcomes as `iscsi-test-cu -v` prints them. What a suite skips before or behind its tests is none of theirs. */
export function parseOutcomes(text: string): Map<string, string> {
  const outcomes = new Map<string, string>();
  for (const part of text.split(/^Suite: /m).slice(1)) {
    const suite = part.slice(0, part.indexOf('\n')).trim();
    for (const [, name, said, end] of part.matchAll(/^ {2}Test: (.*?) \.\.\.(.*?)(passed|FAILED)/gms)) {
      const skipped = /\[SKIPPED\] (.*)/.exec(said!)?.[1];
      outcomes.set(`${suite}.${name}`, end === 'passed' ? (skipped ?? 'passed') : FAILS);
    }
  }
  return outcomes;
}
