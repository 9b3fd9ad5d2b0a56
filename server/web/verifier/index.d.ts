// The browser verifier, for those who use it. What each thing means is in spec/receipts.md; instants are ms UTC, ids base64url.

/** Why a receipt, or what it is held against, was refused: `code` (and `name`) is the name of the error in spec/. */
export class Fault extends Error {
  constructor(code: string, where?: string);
  readonly code: string;
  /** Where it is, never what: a JSON pointer, or the inner error's name. */
  readonly where?: string;
}

/** Whom the asker trusts, as JSON. */
export interface Policy {
  v: 1;
  origin: string;
  log_keys: { vkey: string; retired_at?: number }[];
  entry0: string;
  max_age_s: number;
  witnesses?: string;
  map_checkers?: string[];
}

/** An OpenID AuthZEN 1.0 evaluation request; other members are ignored. */
export interface AuthZenRequest {
  subject: { type: string; id: string; properties?: object };
  action: { name: string; properties?: object };
  resource: { type: string; id: string; properties?: object };
  context?: { on_behalf_of?: string; together_with?: string[]; [property: string]: unknown };
}

export type Question =
  | { type: 'existence'; id: string }
  | { type: 'status'; id: string; through?: string }
  | { type: 'complete'; party: string; from: number; to?: number }
  | { type: 'authority'; request: AuthZenRequest; access?: string }
  | { type: 'authority'; access: string };

/** When the answer must hold. A fresh one is asked with the asker's own clock. */
export type Mode = 'historic' | { fresh: number } | { as_of: number } | { as_of_time: number };

/** A checkpoint that the asker saw before. */
export interface Pinned {
  size: number | bigint;
  root: string;
}

/** The checkpoint that the answer stands under: what to pin next. */
export interface Checkpoint {
  origin: string;
  size: bigint;
  root: Uint8Array;
  /** Of the index commit that ends the tree. */
  time: number;
}

/** An entry, and what it says if it was opened. */
export interface Told {
  id: string;
  index: number;
  time: number;
  /** Transitions: the record that they move. */
  target?: string;
  kind?: string;
  payload?: Record<string, any>;
  disclosed?: Record<string, any>;
}

/** Who signed: `party` is null where one of the root's own keys did. */
export interface SignedBy {
  kid: string;
  party: string | null;
}

export interface Decision {
  permit: boolean;
  reason: string;
  evidence: string[];
  good_faith?: boolean;
  hint?: { together?: number; assurance?: string; property?: string; emergency?: true };
}

export interface VerifiedExistence extends Told {
  type: 'existence';
  signer: SignedBy;
  checkpoint: Checkpoint;
}

export interface VerifiedStatus extends Told {
  type: 'status';
  as_of?: number;
  as_of_time?: number;
  /** The byte of spec/entries.md: 2 is active, the only one that permits anything. */
  status: number;
  /** When a mandate ends by a notice, in ms; 0: the notice was erased, and it has ended. */
  ends?: number;
  signer: SignedBy;
  /** The transition asked for, with the status after it. */
  through?: Told & { status: number; signer: SignedBy };
  checkpoint: Checkpoint;
}

export interface VerifiedComplete {
  type: 'complete';
  party: string;
  from: number;
  /** A page: it claims nothing of the segments from here on. Absent: these are all. */
  to?: number;
  records: Told[];
  checkpoint: Checkpoint;
}

export interface VerifiedAuthority {
  type: 'authority';
  request: AuthZenRequest;
  at: number;
  parties: { actor: string | null; subject: string | null; on_behalf_of?: string | null; together_with?: (string | null)[] };
  grants: string[];
  catalogues: string[];
  decision: Decision;
  as_of?: number;
  as_of_time?: number;
  access?: string;
  /** Of an access: the party that may let the data go. */
  source?: string;
  checkpoint: Checkpoint;
}

export type Answer = VerifiedExistence | VerifiedStatus | VerifiedComplete | VerifiedAuthority;

/**
 * Verifies a receipt: gives what it proves, or rejects with a {@link Fault}. Fetches nothing and reads no clock.
 * @param receipt as it came; a parsed object would hide a member that stands twice
 * @param pinned a checkpoint seen before, which this one must continue, or be continued by
 */
export function verify(receipt: Uint8Array | string, question: Question, policy: Policy, mode: Mode, pinned?: Pinned): Promise<Answer>;

/** The same for a receipt in hand as of now, by a status proof: spec/receipts.md#renewal. `pinned` is the receipt's own checkpoint, or a later one. */
export function verifyRenewed(receipt: Uint8Array | string, proof: Uint8Array | string, question: Question, policy: Policy, mode: { fresh: number }, pinned: Pinned): Promise<Answer>;

/** Whether a value is one that {@link verify} gave. */
export function isVerified(answer: unknown): answer is Answer;
