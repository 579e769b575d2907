/** Reviews: questions about oneself that are answered and not stored. Whoever is let in may do everything. */
import { isJsonObject } from '../base/json.ts';
import type { JsonObject } from '../base/json.ts';
import type { ApiRequest, ApiResponse } from '../kube/transport.ts';
import type { UserInfo } from '../kube/user.ts';
import { objectBody } from './request-body.ts';
import { jsonResponse } from './resource-call.ts';
import { methodNotAllowed } from './status-errors.ts';

type Review = (user: UserInfo, spec: JsonObject) => JsonObject;

const reviews: Readonly<Record<string, Review>> = {
  '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews': (_user, spec) => ({ spec, status: { allowed: true } }),
  '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews': (_user, spec) => ({
    spec,
    status: {
      incomplete: false,
      resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
      nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
    },
  }),
  '/apis/authentication.k8s.io/v1/selfsubjectreviews': (user) => ({
    status: {
      userInfo: { username: user.name, groups: user.groups, ...(user.uid === undefined ? {} : { uid: user.uid }) },
    },
  }),
};

/** The answer to a review; undefined for any other path. */
export function respondToReview(user: UserInfo, request: ApiRequest): ApiResponse | undefined {
  const path = request.path.replace(/\/$/, '');
  const review = Object.hasOwn(reviews, path) ? reviews[path] : undefined;
  if (review === undefined) return undefined;
  if (request.method !== 'POST') throw methodNotAllowed();
  const { apiVersion, kind, spec } = objectBody(request);
  const answer = review(user, isJsonObject(spec) ? spec : {});
  return jsonResponse(201, { apiVersion, kind, metadata: { creationTimestamp: null }, ...answer });
}
