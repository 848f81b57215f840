package store

// Models lists every row type, for the test that keeps models and migrations alike.
func Models() []any {
	return []any{&Settings{}, &User{}, &UserToken{}, &Session{}, &LoginAttempt{}, &APIKey{}, &Audit{}, &Document{}, &DocumentVersion{}, &Gate{},
		&GateVersion{}, &GateSlug{}, &Submission{}, &Payload{}, &OnceKey{}, &Outcome{}, &Lead{}, &LeadAddress{}, &LeadValue{}, &Company{},
		&CompanyDomain{}, &Consent{}, &Visit{}, &Grant{}, &Message{}, &Attempt{}, &CapturedMail{}, &Suppression{}, &ProviderEvent{},
		&ProviderState{}, &Hit{}, &Download{}, &DocumentReturn{}, &Alarm{}, &Erasure{}, &RollupState{},
		&RuleSet{}, &Score{}, &ScoreLine{}, &ScoreChange{}, &Rehearsal{}, &RehearsalLead{}, &Rescore{}, &SalesSettings{}, &UserProfile{}, &Absence{}, &Holiday{}, &Team{}, &TeamMember{}, &RotationPlace{}, &Assignment{}, &Deal{}, &DealChange{}, &DealStage{}, &PipelineReason{}, &PlanTemplate{}, &Plan{}, &Step{}, &Activity{}, &ApproachBlock{}, &LeadOrigin{}, &LeadMerge{}, &SavedView{}, &DocumentQuestion{}, &Saying{}, &ContactChoice{}, &InboundMail{}, &OutboxEvent{}, &Connector{}, &RemoteObject{}, &RemoteUser{}, &RemoteCompany{}, &Push{}, &PushAttempt{}, &Pull{}}
}
