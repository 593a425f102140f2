// The environment that systemd and isodrive-keeper give, and a service manager that is gone.
import { closeSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ServiceManager } from '../../../daemon/takeover/service-manager.js';

const OWN = String(process.pid);

describe('The service manager', () => {
  it('names the descriptors that were handed over, once each', () => {
    const environment = { LISTEN_PID: OWN, LISTEN_FDS: '3', LISTEN_FDNAMES: 'control:device-1' };
    const service = ServiceManager.fromEnvironment(environment);
    expect(service.take('device-1')).toBe(4);
    expect(service.take('device-1')).toBeUndefined();
    expect(service.take('control')).toBe(3);
    expect(service.take('unnamed-2')).toBe(5);
    expect(environment).toEqual({});
  });

  it('takes nothing that is meant for another process', () => {
    const service = ServiceManager.fromEnvironment({
      LISTEN_PID: '1',
      LISTEN_FDS: '1',
      LISTEN_FDNAMES: 'control',
      WATCHDOG_PID: '1',
      WATCHDOG_USEC: '1000000',
    });
    expect(service.take('control')).toBeUndefined();
    expect(service.watchdog).toBeUndefined();
    expect(service.isPresent).toBe(false);
  });

  it('says when it cannot be spoken to, and goes on', () => {
    const service = ServiceManager.fromEnvironment({
      NOTIFY_SOCKET: '/nonexistent/socket',
      WATCHDOG_USEC: '30',
    });
    const faults: unknown[] = [];
    service.onFault = (fault) => faults.push(fault);
    service.ready();
    const descriptor = openSync('/dev/null', 'r');
    service.keep('control', descriptor);
    closeSync(descriptor);
    expect(faults).toHaveLength(2);
    expect(service).toMatchObject({ isPresent: true, watchdog: 30 });
  });
});
