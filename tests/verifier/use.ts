// How the module is used from TypeScript; compiled, not run.

import { Fault, isVerified, verify, type Answer, type Policy } from '../../server/web/verifier/index.js';

export async function may(receipt: Uint8Array, policy: Policy): Promise<string> {
  const request = {
    subject: { type: 'party', id: 'niss:75061200192' },
    action: { name: 'read' },
    resource: { type: 'pension.file', id: 'niss:48031500292' },
  };
  try {
    const answer: Answer = await verify(receipt, { type: 'authority', request }, policy, { fresh: Date.now() });
    return answer.type === 'authority' && answer.decision.permit && isVerified(answer) ? answer.decision.reason : 'no';
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}

// @ts-expect-error a mode must be chosen
void verify('{}', { type: 'existence', id: '' }, {} as Policy);
// @ts-expect-error a parsed object would hide a member that stands twice
void verify({}, { type: 'existence', id: '' }, {} as Policy, 'historic');
