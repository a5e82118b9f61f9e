export { approver, request, requester, secondApprover, target, thread } from '../../src/sandbox/examples.ts';
