/* Every call of the admin API.  Each answers the call, now or later. */

#ifndef PROTOCOL_ADMIN_ROUTES_H
#define PROTOCOL_ADMIN_ROUTES_H

struct call;

/* api_status.c */
void api_status(struct call *call);
void api_rings(struct call *call);
void api_clock(struct call *call);
void api_clock_move(struct call *call);
void api_enrolment(struct call *call);
void api_audit(struct call *call);

/* api_devices.c, api_device.c, api_explain.c */
void api_devices(struct call *call);
void api_device(struct call *call);
void api_device_explain(struct call *call);
void api_device_add(struct call *call);
void api_device_facts(struct call *call);
void api_device_forget(struct call *call);

/* api_catalog.c, api_documents.c */
void api_catalog(struct call *call);
void api_catalog_import(struct call *call);
void api_plan(struct call *call);
void api_plan_apply(struct call *call);

/* api_payloads.c */
void api_payloads_add(struct call *call);

/* rollout_list.c, rollout_calls.c */
void api_rollouts(struct call *call);
void api_rollout_pause(struct call *call);
void api_rollout_resume(struct call *call);
void api_rollout_halt(struct call *call);
void api_rollout_approve(struct call *call);
void api_rollout_expedite(struct call *call);
void api_rollout_withdraw(struct call *call);

/* hold_calls.c */
void api_holds(struct call *call);
void api_hold_add(struct call *call);
void api_hold_remove(struct call *call);

/* operation_list.c, operation_calls.c */
void api_operations(struct call *call);
void api_operation(struct call *call);
void api_operation_begin(struct call *call);
void api_operation_stop(struct call *call);

/* update_calls.c, update_import.c, computer_calls.c */
void api_updates(struct call *call);
void api_update(struct call *call);
void api_update_retire(struct call *call);
void api_updates_import(struct call *call);
void api_computers(struct call *call);
void api_computer(struct call *call);
void api_computer_tie(struct call *call);
void api_computer_untie(struct call *call);

/* api_reports.c */
void api_report_hotpatch(struct call *call);
void api_report_distribution(struct call *call);

#endif
