import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  announcedMs,
  authorityDaysValid,
  authorityRenewBeforeMs,
  certificatesFromData,
  certificatesToData,
  overlapMs,
  renewed,
  serverDaysValid,
  serverRenewBeforeMs,
  trustedAuthorities,
  type RenewalContext,
  type WebhookCertificates,
} from './webhook-certificates.ts';

const dayMs = 86_400_000;
const startMs = Date.UTC(2026, 0, 1);
let serials = 0;

function at(nowMs: number, hosts: readonly string[] = ['penstock-webhook.penstock.svc']): RenewalContext {
  return { hosts, nowMs, serial: () => Uint8Array.of(1, ++serials >> 8, serials & 0xff, 0, 0, 0, 0, 0) };
}

/** Whether somebody who trusts the authorities of `trusting` accepts what `showing` shows. */
function accepts(trusting: WebhookCertificates, showing: WebhookCertificates, nowMs: number): boolean {
  const server = new X509Certificate(showing.server.certificate);
  const holds = (pem: string): boolean => {
    const { validFrom, validTo } = new X509Certificate(pem);
    return Date.parse(validFrom) <= nowMs && nowMs <= Date.parse(validTo);
  };
  const authorities = trustedAuthorities(trusting).split(/(?<=-----END CERTIFICATE-----\n)/);
  return (
    holds(showing.server.certificate) &&
    authorities.some((pem) => {
      const authority = new X509Certificate(pem);
      return holds(pem) && authority.ca && server.checkIssued(authority) && server.verify(authority.publicKey);
    })
  );
}

describe('the certificates of the webhook', () => {
  it('are good from the start, and left alone while they are', () => {
    const first = renewed(undefined, at(startMs));
    assert.ok(accepts(first, first, startMs));
    assert.equal(renewed(first, at(startMs + (serverDaysValid * dayMs - serverRenewBeforeMs) - 1)), first);
  });

  it('get a new server certificate before its end, or for another name, from the same authority', () => {
    const first = renewed(undefined, at(startMs));
    const dueMs = startMs + serverDaysValid * dayMs - serverRenewBeforeMs;
    for (const next of [renewed(first, at(dueMs)), renewed(first, at(startMs, ['other.svc']))]) {
      assert.notEqual(next.server.certificate, first.server.certificate);
      assert.equal(next.authority, first.authority);
      assert.ok(accepts(first, next, dueMs));
    }
  });

  it('announce a new authority before it signs, and trust the old one until nobody shows what it signed', () => {
    const first = renewed(undefined, at(startMs));
    const dueMs = startMs + authorityDaysValid * dayMs - authorityRenewBeforeMs;
    const announced = renewed(first, at(dueMs));
    assert.ok(announced.nextAuthority);
    assert.equal(announced.authority, first.authority);
    assert.equal(renewed(announced, at(dueMs + announcedMs - 1)), announced);
    const inOffice = renewed(announced, at(dueMs + announcedMs));
    assert.equal(inOffice.authority.certificate, announced.nextAuthority.certificate);
    assert.equal(inOffice.nextAuthority, undefined);
    assert.equal(inOffice.previousAuthority, first.authority.certificate);
    const done = renewed(inOffice, at(dueMs + announcedMs + overlapMs));
    assert.equal(done.previousAuthority, undefined);
    assert.equal(done.server, inOffice.server);
  });

  it('are accepted through two years, also where somebody is one step behind', () => {
    let current = renewed(undefined, at(startMs));
    let changes = 0;
    for (let nowMs = startMs; nowMs < startMs + 2 * 365 * dayMs; nowMs += dayMs) {
      const next = renewed(current, at(nowMs));
      if (next !== current) changes++;
      const parties = [next, current];
      for (const trusting of parties) {
        for (const showing of parties) assert.ok(accepts(trusting, showing, nowMs), `change ${changes}`);
      }
      current = next;
    }
    assert.ok(changes > 14, `${changes} changes`);
  });

  it('are made anew when the authority has ended while nobody was there', () => {
    const first = renewed(undefined, at(startMs));
    const lateMs = startMs + 2 * authorityDaysValid * dayMs;
    const late = renewed(first, at(lateMs));
    assert.ok(accepts(late, late, lateMs));
  });

  it('are kept in a Secret, which is not trusted blindly', () => {
    const first = renewed(undefined, at(startMs));
    const announced = renewed(first, at(startMs + authorityDaysValid * dayMs - authorityRenewBeforeMs));
    for (const certificates of [first, announced, { ...first, previousAuthority: announced.authority.certificate }]) {
      assert.deepEqual(certificatesFromData(certificatesToData(certificates)), certificates);
    }
    const data = certificatesToData(first);
    const other = certificatesToData(renewed(undefined, at(startMs)));
    assert.equal(certificatesFromData({}), undefined);
    assert.equal(certificatesFromData({ ...data, 'tls.key': 'broken' }), undefined);
    assert.equal(certificatesFromData({ ...data, 'tls.key': other['tls.key'] ?? '' }), undefined);
    assert.equal(certificatesFromData({ ...data, 'next-ca.crt': 'broken' }), undefined);
  });
});
