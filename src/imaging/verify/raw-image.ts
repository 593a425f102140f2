// An image of raw sectors (2352 bytes, or 2448 with subchannels): every sector of data has codes of its own, so that it
// can be verified though no file system is read from it.
import { checkRawSector, SECTOR_KINDS } from '../../disc/raw-sector.js';
import type { SectorFault, SectorKind } from '../../disc/raw-sector.js';
import { RAW_SECTOR_SIZE } from '../../disc/sector-parity.js';
import type { Check } from './check.js';
import { SectorScan } from './sector-scan.js';

const FAULTS: Readonly<Record<SectorFault, string>> = {
  edc: 'data do not fit the error detection code',
  ecc: 'parity is wrong, the data are right',
  mode: 'mode is unknown, or a sector of mode 0 is not empty',
};

export class RawSectorScan extends SectorScan {
  readonly #counts = new Map<SectorKind, { sectors: number; checked: number; faulty: number }>();

  constructor(size: number, sectorSize: number) {
    super({ kind: 'sectors', evidence: 'EDC and ECC', subject: 'image' }, size, sectorSize);
  }

  protected look(sector: Buffer): string | undefined {
    const { kind, fault, isChecked } = checkRawSector(sector.subarray(0, RAW_SECTOR_SIZE));
    const counts = this.#counts.get(kind) ?? { sectors: 0, checked: 0, faulty: 0 };
    this.#counts.set(kind, counts);
    counts.sectors += 1;
    if (isChecked) counts.checked += 1;
    if (fault === undefined) return undefined;
    counts.faulty += 1;
    return `${kind}: ${FAULTS[fault]}`;
  }

  protected sum(): Pick<Check, 'status' | 'detail'>[] {
    return SECTOR_KINDS.flatMap((kind) => {
      const { sectors = 0, checked = 0, faulty = 0 } = this.#counts.get(kind) ?? {};
      const [agreed, bare] = [checked - faulty, sectors - checked];
      return [
        ...(agreed > 0 ? [{ status: 'ok', detail: `${agreed} sectors of ${kind} agree` } as const] : []),
        ...(bare > 0
          ? [{ status: 'unchecked', detail: `${bare} sectors of ${kind} have no code` } as const]
          : []),
      ];
    });
  }
}
