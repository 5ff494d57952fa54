CREATE TABLE "companies" (
	"company_id" text collate "C" NOT NULL,
	"handle" text NOT NULL,
	"name" text NOT NULL,
	"country" text NOT NULL,
	"currency" text NOT NULL,
	"timezone" text NOT NULL,
	"status" text DEFAULT 'active' NOT NULL,
	"mode" text DEFAULT 'live' NOT NULL,
	"parent_company_id" text collate "C",
	"status_reason" text,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "companies_company_id_pk" PRIMARY KEY("company_id"),
	CONSTRAINT "companies_status" CHECK (status in ('active', 'suspended', 'closed')),
	CONSTRAINT "companies_mode" CHECK (mode in ('live', 'test'))
);
--> statement-breakpoint
ALTER TABLE "companies" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "company_handles" (
	"handle" text PRIMARY KEY NOT NULL,
	"company_id" text collate "C" NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "permissions" (
	"company_id" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"sentence" text NOT NULL,
	CONSTRAINT "permissions_company_id_name_pk" PRIMARY KEY("company_id","name")
);
--> statement-breakpoint
ALTER TABLE "permissions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "role_permissions" (
	"company_id" text collate "C" NOT NULL,
	"role_id" text collate "C" NOT NULL,
	"permission" text NOT NULL,
	CONSTRAINT "role_permissions_company_id_role_id_permission_pk" PRIMARY KEY("company_id","role_id","permission")
);
--> statement-breakpoint
ALTER TABLE "role_permissions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "roles" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"name_key" text NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"is_system" boolean DEFAULT false NOT NULL,
	"system_key" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "roles_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "roles_name" UNIQUE("company_id","name_key"),
	CONSTRAINT "roles_system_key" UNIQUE("company_id","system_key")
);
--> statement-breakpoint
ALTER TABLE "roles" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "company_data_keys" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"wrapped" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"retired_at" timestamp with time zone,
	CONSTRAINT "company_data_keys_company_id_id_pk" PRIMARY KEY("company_id","id")
);
--> statement-breakpoint
ALTER TABLE "company_data_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "company_secrets" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"data_key_id" text collate "C" NOT NULL,
	"sealed" text NOT NULL,
	"last_four" text NOT NULL,
	"fingerprint" text NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "company_secrets_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "company_secrets_name" UNIQUE("company_id","name")
);
--> statement-breakpoint
ALTER TABLE "company_secrets" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "company_settings" (
	"company_id" text collate "C" NOT NULL,
	"group" text NOT NULL,
	"overrides" jsonb NOT NULL,
	"version" integer NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "company_settings_company_id_group_pk" PRIMARY KEY("company_id","group")
);
--> statement-breakpoint
ALTER TABLE "company_settings" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "api_key_origins" (
	"company_id" text collate "C" NOT NULL,
	"api_key_id" text collate "C" NOT NULL,
	"origin" text NOT NULL,
	CONSTRAINT "api_key_origins_company_id_api_key_id_origin_pk" PRIMARY KEY("company_id","api_key_id","origin")
);
--> statement-breakpoint
ALTER TABLE "api_key_origins" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "api_key_scopes" (
	"company_id" text collate "C" NOT NULL,
	"api_key_id" text collate "C" NOT NULL,
	"scope" text NOT NULL,
	CONSTRAINT "api_key_scopes_company_id_api_key_id_scope_pk" PRIMARY KEY("company_id","api_key_id","scope")
);
--> statement-breakpoint
ALTER TABLE "api_key_scopes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "api_key_uses" (
	"company_id" text collate "C" NOT NULL,
	"api_key_id" text collate "C" NOT NULL,
	"used_at" timestamp with time zone NOT NULL,
	CONSTRAINT "api_key_uses_company_id_api_key_id_pk" PRIMARY KEY("company_id","api_key_id")
);
--> statement-breakpoint
ALTER TABLE "api_key_uses" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "api_keys" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"type" text NOT NULL,
	"token_hash" text NOT NULL,
	"last_four" text NOT NULL,
	"created_by_type" text NOT NULL,
	"created_by_id" text NOT NULL,
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"rotated_from" text collate "C",
	"event_sequence" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "api_keys_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "api_keys_hash" UNIQUE("company_id","token_hash"),
	CONSTRAINT "api_keys_type" CHECK (type in ('publishable', 'secret'))
);
--> statement-breakpoint
ALTER TABLE "api_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "invite_roles" (
	"company_id" text collate "C" NOT NULL,
	"invite_id" text collate "C" NOT NULL,
	"role_id" text collate "C" NOT NULL,
	CONSTRAINT "invite_roles_company_id_invite_id_role_id_pk" PRIMARY KEY("company_id","invite_id","role_id")
);
--> statement-breakpoint
ALTER TABLE "invite_roles" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "invites" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"email" text NOT NULL,
	"email_key" text NOT NULL,
	"token_hash" text NOT NULL,
	"invited_by" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"accepted_at" timestamp with time zone,
	"accepted_by" text collate "C",
	"revoked_at" timestamp with time zone,
	"sent_count" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "invites_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "invites_token" UNIQUE("company_id","token_hash")
);
--> statement-breakpoint
ALTER TABLE "invites" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "password_resets" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"staff_id" text collate "C" NOT NULL,
	"token_hash" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "password_resets_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "password_resets_token" UNIQUE("company_id","token_hash")
);
--> statement-breakpoint
ALTER TABLE "password_resets" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "refresh_tokens" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"session_id" text collate "C" NOT NULL,
	"token_hash" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"used_at" timestamp with time zone,
	"successor" text,
	CONSTRAINT "refresh_tokens_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "refresh_tokens_hash" UNIQUE("company_id","token_hash")
);
--> statement-breakpoint
ALTER TABLE "refresh_tokens" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "staff_sessions" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"staff_id" text collate "C" NOT NULL,
	"ip" text,
	"user_agent" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	"revoked_reason" text,
	CONSTRAINT "staff_sessions_company_id_id_pk" PRIMARY KEY("company_id","id")
);
--> statement-breakpoint
ALTER TABLE "staff_sessions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "signing_keys" (
	"kid" text PRIMARY KEY NOT NULL,
	"audience" text NOT NULL,
	"sealed" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"retired_at" timestamp with time zone,
	CONSTRAINT "signing_keys_audience" CHECK (audience in ('staff', 'customer'))
);
--> statement-breakpoint
CREATE TABLE "staff" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"email_key" text NOT NULL,
	"password_hash" text NOT NULL,
	"password_changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"status" text DEFAULT 'active' NOT NULL,
	"totp_secret" text,
	"totp_pending" text,
	"totp_last_step" integer DEFAULT 0 NOT NULL,
	"last_login_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"event_sequence" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "staff_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "staff_email" UNIQUE("company_id","email_key"),
	CONSTRAINT "staff_status" CHECK (status in ('active', 'disabled'))
);
--> statement-breakpoint
ALTER TABLE "staff" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "staff_roles" (
	"company_id" text collate "C" NOT NULL,
	"staff_id" text collate "C" NOT NULL,
	"role_id" text collate "C" NOT NULL,
	CONSTRAINT "staff_roles_company_id_staff_id_role_id_pk" PRIMARY KEY("company_id","staff_id","role_id")
);
--> statement-breakpoint
ALTER TABLE "staff_roles" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "recovery_codes" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"staff_id" text collate "C" NOT NULL,
	"code_hash" text NOT NULL,
	"used_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "recovery_codes_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "recovery_codes_code" UNIQUE("company_id","staff_id","code_hash")
);
--> statement-breakpoint
ALTER TABLE "recovery_codes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "audit_entries" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"actor_type" text NOT NULL,
	"actor_id" text NOT NULL,
	"action" text NOT NULL,
	"entity_type" text NOT NULL,
	"entity_id" text NOT NULL,
	"before" jsonb,
	"after" jsonb,
	"request_id" text NOT NULL,
	"ip" text,
	"user_agent" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "audit_entries_company_id_id_pk" PRIMARY KEY("company_id","id")
);
--> statement-breakpoint
ALTER TABLE "audit_entries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "audit_links" (
	"company_id" text collate "C" NOT NULL,
	"seq" bigint NOT NULL,
	"entry_id" text collate "C" NOT NULL,
	"prev_hash" text NOT NULL,
	"hash" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "audit_links_company_id_seq_pk" PRIMARY KEY("company_id","seq"),
	CONSTRAINT "audit_links_entry" UNIQUE("company_id","entry_id")
);
--> statement-breakpoint
ALTER TABLE "audit_links" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "audit_pending" (
	"company_id" text collate "C" NOT NULL,
	"entry_id" text collate "C" NOT NULL,
	CONSTRAINT "audit_pending_company_id_entry_id_pk" PRIMARY KEY("company_id","entry_id")
);
--> statement-breakpoint
ALTER TABLE "audit_pending" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"company_id" text collate "C" NOT NULL,
	"principal" text NOT NULL,
	"route" text NOT NULL,
	"key" text NOT NULL,
	"digest" text NOT NULL,
	"answer" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_company_id_principal_route_key_pk" PRIMARY KEY("company_id","principal","route","key")
);
--> statement-breakpoint
ALTER TABLE "idempotency_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "events" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"type" text NOT NULL,
	"version" integer NOT NULL,
	"aggregate_id" text NOT NULL,
	"sequence" integer NOT NULL,
	"data" jsonb NOT NULL,
	"privately" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"dispatched_at" timestamp with time zone,
	CONSTRAINT "events_company_id_id_pk" PRIMARY KEY("company_id","id")
);
--> statement-breakpoint
ALTER TABLE "events" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "notifications" (
	"company_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"event_id" text collate "C" NOT NULL,
	"channel" text DEFAULT 'email' NOT NULL,
	"template" text NOT NULL,
	"recipient" text NOT NULL,
	"parameters" text,
	"status" text DEFAULT 'pending' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"due_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_error" text,
	"sent_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "notifications_company_id_id_pk" PRIMARY KEY("company_id","id"),
	CONSTRAINT "notifications_once" UNIQUE("company_id","event_id","template","recipient"),
	CONSTRAINT "notifications_status" CHECK (status in ('pending', 'sent', 'failed'))
);
--> statement-breakpoint
ALTER TABLE "notifications" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "payment_providers" (
	"company_id" text collate "C" NOT NULL,
	"provider" text NOT NULL,
	"public_key" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "payment_providers_company_id_provider_pk" PRIMARY KEY("company_id","provider"),
	CONSTRAINT "payment_providers_provider" CHECK (provider in ('paystack', 'manual'))
);
--> statement-breakpoint
ALTER TABLE "payment_providers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "role_permissions" ADD CONSTRAINT "role_permissions_company_id_role_id_roles_company_id_id_fk" FOREIGN KEY ("company_id","role_id") REFERENCES "public"."roles"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "role_permissions" ADD CONSTRAINT "role_permissions_company_id_permission_permissions_company_id_name_fk" FOREIGN KEY ("company_id","permission") REFERENCES "public"."permissions"("company_id","name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "company_secrets" ADD CONSTRAINT "company_secrets_company_id_data_key_id_company_data_keys_company_id_id_fk" FOREIGN KEY ("company_id","data_key_id") REFERENCES "public"."company_data_keys"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_key_origins" ADD CONSTRAINT "api_key_origins_company_id_api_key_id_api_keys_company_id_id_fk" FOREIGN KEY ("company_id","api_key_id") REFERENCES "public"."api_keys"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_key_scopes" ADD CONSTRAINT "api_key_scopes_company_id_api_key_id_api_keys_company_id_id_fk" FOREIGN KEY ("company_id","api_key_id") REFERENCES "public"."api_keys"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_key_uses" ADD CONSTRAINT "api_key_uses_company_id_api_key_id_api_keys_company_id_id_fk" FOREIGN KEY ("company_id","api_key_id") REFERENCES "public"."api_keys"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_company_id_rotated_from_api_keys_company_id_id_fk" FOREIGN KEY ("company_id","rotated_from") REFERENCES "public"."api_keys"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invite_roles" ADD CONSTRAINT "invite_roles_company_id_invite_id_invites_company_id_id_fk" FOREIGN KEY ("company_id","invite_id") REFERENCES "public"."invites"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invite_roles" ADD CONSTRAINT "invite_roles_role" FOREIGN KEY ("company_id","role_id") REFERENCES "public"."roles"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invites" ADD CONSTRAINT "invites_company_id_accepted_by_staff_company_id_id_fk" FOREIGN KEY ("company_id","accepted_by") REFERENCES "public"."staff"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "password_resets" ADD CONSTRAINT "password_resets_company_id_staff_id_staff_company_id_id_fk" FOREIGN KEY ("company_id","staff_id") REFERENCES "public"."staff"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refresh_tokens" ADD CONSTRAINT "refresh_tokens_company_id_session_id_staff_sessions_company_id_id_fk" FOREIGN KEY ("company_id","session_id") REFERENCES "public"."staff_sessions"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "staff_sessions" ADD CONSTRAINT "staff_sessions_company_id_staff_id_staff_company_id_id_fk" FOREIGN KEY ("company_id","staff_id") REFERENCES "public"."staff"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "staff_roles" ADD CONSTRAINT "staff_roles_company_id_staff_id_staff_company_id_id_fk" FOREIGN KEY ("company_id","staff_id") REFERENCES "public"."staff"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "staff_roles" ADD CONSTRAINT "staff_roles_role" FOREIGN KEY ("company_id","role_id") REFERENCES "public"."roles"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recovery_codes" ADD CONSTRAINT "recovery_codes_company_id_staff_id_staff_company_id_id_fk" FOREIGN KEY ("company_id","staff_id") REFERENCES "public"."staff"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notifications" ADD CONSTRAINT "notifications_company_id_event_id_events_company_id_id_fk" FOREIGN KEY ("company_id","event_id") REFERENCES "public"."events"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "role_permissions_by_permission" ON "role_permissions" USING btree ("company_id","permission");--> statement-breakpoint
CREATE INDEX "api_keys_newest" ON "api_keys" USING btree ("company_id","id");--> statement-breakpoint
CREATE INDEX "invites_by_email" ON "invites" USING btree ("company_id","email_key");--> statement-breakpoint
CREATE INDEX "password_resets_by_staff" ON "password_resets" USING btree ("company_id","staff_id");--> statement-breakpoint
CREATE INDEX "refresh_tokens_by_session" ON "refresh_tokens" USING btree ("company_id","session_id","id");--> statement-breakpoint
CREATE INDEX "staff_sessions_by_staff" ON "staff_sessions" USING btree ("company_id","staff_id","id");--> statement-breakpoint
CREATE INDEX "staff_roles_by_role" ON "staff_roles" USING btree ("company_id","role_id");--> statement-breakpoint
CREATE INDEX "audit_entries_by_entity" ON "audit_entries" USING btree ("company_id","entity_id","id");--> statement-breakpoint
CREATE INDEX "audit_entries_by_actor" ON "audit_entries" USING btree ("company_id","actor_id","id");--> statement-breakpoint
CREATE INDEX "audit_entries_by_action" ON "audit_entries" USING btree ("company_id","action","id");--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_age" ON "idempotency_keys" USING btree ("company_id","created_at");--> statement-breakpoint
CREATE INDEX "events_waiting" ON "events" USING btree ("company_id","id") WHERE dispatched_at is null;--> statement-breakpoint
CREATE INDEX "events_by_aggregate" ON "events" USING btree ("company_id","aggregate_id","id");--> statement-breakpoint
CREATE INDEX "notifications_due" ON "notifications" USING btree ("company_id","due_at") WHERE status = 'pending';--> statement-breakpoint
CREATE POLICY "company_wall" ON "companies" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "companies" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "permissions" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "role_permissions" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "roles" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "company_data_keys" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "company_secrets" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "company_settings" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "api_key_origins" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "api_key_scopes" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "api_key_uses" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "api_keys" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "invite_roles" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "invites" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "password_resets" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "refresh_tokens" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "staff_sessions" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "staff" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "staff_roles" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "recovery_codes" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "audit_entries" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "audit_links" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "company_wall" ON "audit_pending" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "audit_pending" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "idempotency_keys" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "idempotency_keys" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "events" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "events" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "notifications" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));--> statement-breakpoint
CREATE POLICY "relay_look" ON "notifications" AS PERMISSIVE FOR SELECT TO "souk_relay" USING (true);--> statement-breakpoint
CREATE POLICY "company_wall" ON "payment_providers" AS PERMISSIVE FOR ALL TO public USING (company_id = current_setting('app.company_id', true)) WITH CHECK (company_id = current_setting('app.company_id', true));