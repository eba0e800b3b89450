"""From statements to a program: what each statement binds and reads, what plays which role, what a role needs."""
