/** Who asks, as authentication found out. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
}

/** The identity of the controllers in the same process. */
export const trustedUser: UserInfo = { name: 'system:penstock', groups: ['system:masters', 'system:authenticated'] };
